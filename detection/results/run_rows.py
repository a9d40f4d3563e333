"""The rows of runs in a table: from their records or, of earlier versions, from what they left."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from detection.measures import auc_of
from detection.results.known_files import LAST
from detection.results.latest import date_of, run_folders
from detection.results.record import UNKNOWN, RunRecord, read_record
from model.methods import METHODS
from options.flags import FLAGS
from options.parse import defaults_of, expand_shorthands
from options.text import to_argument
from utils.errors import InputError
from utils.output import print_warning


@dataclass(frozen=True)
class Row:
    """A training or a prediction; `options` are those that are not at their defaults.

    `method` is the word of --method, empty where an earlier version did not record it. A prediction
    with a record has the file of its `weights`.
    """

    kind: str
    scene: str
    method: str
    title: str
    options: Mapping[str, str]
    epochs: int | None
    auc: float | None
    date: str
    path: str
    weights: str | None = None

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return Path(self.path)


def rows_in(scene: Path) -> Iterator[Row]:
    """Find the runs in the folder of a scene; print a line for each damaged record."""
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
        method=record.method,
        title=record.title,
        options=unusual(record.method, options),
        epochs=epochs,
        auc=record.auc,
        date=record.date,
        path=str(run),
        weights=record.weights,
    )


def row_of_metrics(run: Path) -> Row:
    """Make the row of a prediction of an earlier version, from its measures."""
    path = run / LAST
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
        options = {str(name): str(value) for name, value in metrics["options"].items()}
        return Row(
            kind="prediction",
            scene=str(metrics["dataset"]),
            method=options.get("method", ""),
            title=str(metrics.get("title", metrics["method"])),  # the title was the method
            options=unusual(options.get("method", ""), options),
            epochs=None,
            auc=auc_of(metrics["measures"]),
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
        method=method,
        title=title,
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
    """Read the options at the beginning of a log of a training; empty where there are none.

    The published program logs one `factor`, and the words of `mode` as a list of Python.
    """
    options: dict[str, str] = {}
    if not path.is_file():
        return options
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            name, colon, value = line.rstrip("\n").partition(": ")
            if not colon or name == "training":
                break
            options.setdefault(name, value)
    typed = {name: re.sub(r"[\[\]'\"]", "", value) for name, value in options.items()}
    return expand_shorthands({name: value for name, value in typed.items() if name in FLAGS})


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
