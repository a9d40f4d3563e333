"""Compare saved predictions of a scene (`--command compare`)."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from detection.compare.comparison import DEFAULT_THRESHOLD, Comparison
from detection.compare.figures import comparison_figures
from detection.compare.page import write_page
from detection.compare.saved import choose_predictions, find_predictions, load_predictions
from detection.figures.style import save_figure
from detection.measures import AUC, MEASURES, measure_text
from detection.results.run_rows import Row
from detection.task import open_scene
from options.text import shorten
from utils.errors import InputError
from utils.files import ensure_writable, print_paths, write_text
from utils.json_text import json_text
from utils.output import print_result
from utils.text import printable, printable_line
from utils.text_table import NONE, text_table

LONGEST_NAME = 100  # bytes of the name of a folder
SHOWN = (AUC, "auc_td", "auc_bs", "auc_snpr", "pd_at_0.001", "pd_at_0.01")  # printed


def compare(args: Namespace, *, titles: list[str]) -> dict[str, Any]:
    """Compare the saved predictions of a scene; write figures and a page, and print the numbers.

    Those of `--runs`, or of the methods of these titles, or all. Returns what `comparison.json`
    contains, and paths. Raises InputError for fewer than two.
    """
    scene = open_scene(args)
    folder = args.result_dir / scene.name
    found = choose_predictions(find_predictions(folder), runs=args.runs or (), titles=titles)
    if len(found) < 2:
        raise InputError(
            f"a comparison needs two predictions, found {len(found)} of '{scene.name}' in "
            f"'{folder}': --command predict makes them, --command runs lists them"
        )
    comparison = Comparison(
        scene, load_predictions(found, scene), args.threshold or DEFAULT_THRESHOLD
    )
    for line in lines_of(comparison):
        print_result(line)
    target = ensure_writable(folder / folder_name(found))
    paths = write_comparison(target, comparison, args)
    print_paths(paths)
    return {**comparison.contents, "paths": [str(path) for path in paths]}


def folder_name(found: list[Row]) -> str:
    """Name the folder of a comparison by its predictions."""
    return shorten("_".join(["compare", *(one.folder.name for one in found)]), most=LONGEST_NAME)


def write_comparison(folder: Path, comparison: Comparison, args: Namespace) -> list[Path]:
    """Write the figures, the numbers and the page of a comparison, which is written last."""
    figures = comparison_figures(comparison, args.stretch)
    paths = [path for kind, one in figures.items() for path in save_figure(folder / kind, one)]
    paths.append(write_text(folder / "comparison.json", json_text(comparison.contents)))
    page = write_page(folder / "compare.html", comparison, stretch=args.stretch, kinds=[*figures])
    return [*paths, page]


def lines_of(comparison: Comparison) -> list[str]:
    """Format the comparison as a table: measures, and the agreement with the first prediction."""
    shown = SHOWN if comparison.scene.has_both_classes else ()
    header = ["", *(MEASURES[name].symbol for name in shown), "ρ with 1", "overlap with 1"]
    agreement = zip(comparison.correlations[0], comparison.overlaps[0], strict=True)
    rows = []
    for number, (label, values) in enumerate(zip(comparison.labels, agreement, strict=True), 1):
        measures = comparison.measures[label] or {}
        texts = [measure_text(measures[name]) for name in shown]
        texts += [NONE if np.isnan(value) else f"{value:.4f}" for value in values]
        rows.append([printable(f"{number}  {label}"), *texts])
    lines = text_table(header, rows, right=range(1, len(header))).splitlines()
    if not comparison.scene.has_both_classes:
        lines.append(f"no measures, {comparison.scene.no_auc_reason}")
    lines.append(
        f"ρ: Spearman; overlap: Jaccard, of the pixels that {comparison.threshold} detects"
    )
    return list(map(printable_line, lines))
