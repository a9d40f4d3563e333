"""The table of all runs (`--command runs`): trainings and predictions, the newest first."""

import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from data.known_scenes.catalogue import catalogue, known_names
from data.reading.by_name import SYNTHETIC, scene_file, scene_name, scenes_in
from data.reading.scene_folder import find_scenes
from detection.results.latest import run_folders
from detection.results.run_rows import Row, rows_in
from model.methods import METHODS
from utils.errors import InputError
from utils.output import print_result
from utils.text import did_you_mean, printable

NARROWEST, UNLIMITED = 40, 1000  # letters of a line


def list_runs(args: Namespace, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Print the runs of the given scenes and method, or of all; return them as values for JSON."""
    found = [*find_runs(args.checkpoint_dir), *find_runs(args.result_dir)]
    datasets, _ = find_scenes(given.get("dataset", []), data_dir=args.data_dir)
    check_known(datasets, {row.scene for row in found}, data_dir=args.data_dir)
    names = [scene_name(one) for one in datasets]
    scenes = {*names, *(other for name in names for other in known_names(name))}
    titles = {METHODS[args.method].title} if "method" in given else set()
    chosen = [
        row
        for row in found
        if (not scenes or row.scene in scenes) and (not titles or row.title in titles)
    ]
    rows = sorted(chosen, key=lambda row: row.date, reverse=True)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED
    for line in table_lines(rows, width=max(width, NARROWEST)):
        print_result(line)
    return [asdict(row) for row in rows]


def check_known(datasets: Sequence[str], with_runs: Set[str], *, data_dir: Path) -> None:
    """Raise InputError for a name that neither a scene nor any run has."""
    known = {*with_runs, *scenes_in(data_dir), *catalogue(), SYNTHETIC}
    for dataset in datasets:
        name = scene_name(dataset)
        exists = name in known or known_names(name)
        if not exists and scene_file(dataset, data_dir=data_dir) is None:
            hint = (
                did_you_mean(name, known, before="; ") or "; without --dataset all runs are listed"
            )
            raise InputError(f"--dataset {dataset}: neither a scene nor a run has this name{hint}")


def table_lines(rows: list[Row], *, width: int) -> Iterator[str]:
    """Format two lines per run: what it is, cut off at the width, and where it is, in full."""
    if not rows:
        yield "no runs"
        return
    columns = [[local_time(row.date), row.kind, row.scene, row.title] for row in rows]
    widths = [max(map(len, column)) for column in zip(*columns, strict=True)]
    for row, texts in zip(rows, columns, strict=True):
        auc = "AUC      –" if row.auc is None else f"AUC {row.auc:.4f}"
        entries = [f"{printable(text):<{size}}" for text, size in zip(texts, widths, strict=True)]
        options = ", ".join(f"{name} {value}" for name, value in row.options.items())
        line = printable("  ".join([*entries, auc, options]), longest=10**4).rstrip()
        yield line if len(line) <= width else f"{line[: width - 1]}…"
        yield f"    {printable(row.path, longest=10**4)}"


def local_time(date: str) -> str:
    """Format a date with an offset, as of UTC, in the time zone of this machine."""
    return f"{datetime.fromisoformat(date).astimezone():%Y-%m-%d %H:%M}" if date else ""


def find_runs(folder: Path) -> Iterator[Row]:
    """Find the runs of all scenes below a folder."""
    for scene in run_folders(folder):
        yield from rows_in(scene)
