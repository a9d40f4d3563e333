"""The table of all runs: trainings and predictions, the newest first."""

import json
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from data.reading.by_name import scene_name
from detection.results.known_files import LAST
from detection.results.latest import date_of, run_folders
from detection.results.record import UNKNOWN, RunRecord, read_record
from model.methods import METHODS
from options.flags import FLAGS
from options.parse import defaults_of
from options.text import to_argument
from utils.errors import InputError
from utils.output import print_result, print_warning
from utils.text import printable

NARROWEST, UNLIMITED = 40, 1000  # letters of a line


@dataclass(frozen=True)
class Row:
    """A training or a prediction; `options` are those that are not at their defaults."""

    kind: str
    scene: str
    method: str
    options: Mapping[str, str]
    epochs: int | None
    auc: float | None
    date: str
    path: str


def list_runs(args: Namespace, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Print the runs of the given scenes and method, or of all; return them as values for JSON."""
    found = [*find_runs(args.checkpoint_dir), *find_runs(args.result_dir)]
    scenes = {scene_name(one) for one in given.get("dataset", [])}
    titles = {METHODS[args.method].title} if "method" in given else set()
    chosen = [
        row
        for row in found
        if (not scenes or row.scene in scenes) and (not titles or row.method in titles)
    ]
    rows = sorted(chosen, key=lambda row: row.date, reverse=True)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED
    for line in table_lines(rows, width=max(width, NARROWEST)):
        print_result(line)
    return [asdict(row) for row in rows]


def table_lines(rows: list[Row], *, width: int) -> Iterator[str]:
    """Format two lines per run: what it is, cut off at the width, and where it is, in full."""
    if not rows:
        yield "no runs"
        return
    columns = [[row.date[:16].replace("T", " "), row.kind, row.scene, row.method] for row in rows]
    widths = [max(map(len, column)) for column in zip(*columns, strict=True)]
    for row, texts in zip(rows, columns, strict=True):
        auc = "AUC      –" if row.auc is None else f"AUC {row.auc:.4f}"
        entries = [f"{printable(text):<{size}}" for text, size in zip(texts, widths, strict=True)]
        options = ", ".join(f"{name} {value}" for name, value in row.options.items())
        line = printable("  ".join([*entries, auc, options]), longest=10**4).rstrip()
        yield line if len(line) <= width else f"{line[: width - 1]}…"
        yield f"    {printable(row.path, longest=10**4)}"


def find_runs(folder: Path) -> Iterator[Row]:
    """Find the runs of all scenes below a folder; print a line for each damaged record."""
    for scene in run_folders(folder):
        for run in run_folders(scene):
            try:
                row = row_of(run)
            except InputError as error:
                print_warning(f"{error}: not listed")
                continue
            if row is not None:
                yield row


def row_of(run: Path) -> Row | None:
    """Make the row of a run; None for a folder that is none."""
    record = read_record(run)
    if record is not None:
        return row_of_record(record, run)
    if (run / LAST).is_file():
        return row_of_metrics(run)
    return row_of_training(run) if (run / "model").is_dir() else None


def row_of_record(record: RunRecord, run: Path) -> Row:
    """Make the row of a run that has a record."""
    options = {name: to_argument(value) for name, value in as_tuples(record.options).items()}
    epochs = record.epochs_done
    if epochs is None and record.training is not None:
        epochs = record.training.get("epochs_done")
    return Row(
        kind=record.kind,
        scene=record.scene,
        method=record.title,
        options=unusual(record.method, options),
        epochs=epochs,
        auc=record.auc,
        date=record.date,
        path=str(run),
    )


def row_of_metrics(run: Path) -> Row:
    """Make the row of a prediction of an earlier version, from its measures."""
    path = run / LAST
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
        options = {str(name): str(value) for name, value in metrics["options"].items()}
        measures = metrics["measures"] or {}
        return Row(
            kind="prediction",
            scene=str(metrics["dataset"]),
            method=str(metrics["method"]),
            options=unusual(options.get("method", ""), options),
            epochs=None,
            auc=measures.get("auc_df"),
            date=iso_date(run),
            path=str(run),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"'{path}' is damaged ({error})") from error


def row_of_training(run: Path) -> Row:
    """Make the row of a training of an earlier version, from its log, or from its name."""
    options = options_of_log(run / "logs" / "log.txt")
    method = options.get("method", "")
    title = METHODS[method].title if method in METHODS else run.name.partition("_")[0]
    files = [path for path in (run / "model").iterdir() if path.is_file()]
    epochs = [int(end) for path in files if (end := path.stem.rpartition("_")[2]).isdigit()]
    latest = max((path.stat().st_mtime for path in files), default=run.stat().st_mtime)
    return Row(
        kind="training",
        scene=run.parent.name,
        method=title,
        options=unusual(method, options),
        epochs=max(epochs, default=None),
        auc=last_auc(run / "logs" / "auc.csv"),
        date=datetime.fromtimestamp(latest, timezone.utc).isoformat(timespec="seconds"),
        path=str(run),
    )


def last_auc(path: Path) -> float | None:
    """Read the AUC after the last logged epoch of a training; None without a log of it."""
    try:
        return float(path.read_text(encoding="utf-8").split()[-1].partition(",")[2])
    except (OSError, ValueError, IndexError):
        return None


def options_of_log(path: Path) -> dict[str, str]:
    """Read the options at the beginning of a log of a training; empty where there are none."""
    options: dict[str, str] = {}
    if not path.is_file():
        return options
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            name, colon, value = line.rstrip("\n").partition(": ")
            if not colon or name == "training":
                break
            options.setdefault(name, value)
    return {name: value for name, value in options.items() if name in FLAGS}


def unusual(method: str, options: Mapping[str, str]) -> dict[str, str]:
    """Return the options that change results and are not at the defaults of the method."""
    if method not in METHODS:
        return {}
    preset = options.get("preset", "paper")
    try:
        usual = defaults_of(method, preset=preset)
    except KeyError:  # a preset of another version
        usual = defaults_of(method, preset="paper")
    depth = options.get("nblk", "")
    usual["mode"] = METHODS[method].mode(int(depth)) if depth.isdigit() else ()
    return {
        name: value
        for name, value in options.items()
        if name in usual
        and name != "gpu_ids"  # which changes no more than roundings
        and (FLAGS[name].names_run or FLAGS[name].names_prediction)
        and value not in (to_argument(usual[name]), "None", UNKNOWN)
    }


def as_tuples(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a record as the program has them, with tuples in place of lists."""
    return {name: tuple(one) if isinstance(one, list) else one for name, one in options.items()}


def iso_date(run: Path) -> str:
    """Return the date of a prediction, in UTC; empty where it has none."""
    date = date_of(run)
    return "" if date is None else date.isoformat(timespec="seconds")
