"""The record of a run, `run.json`: of a training next to its weights, of a prediction."""

import json
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from detection.results.known_files import RECORD
from options.flags import FLAGS
from options.recorded import option_values
from options.text import to_setting
from utils.errors import InputError
from utils.files import write_text
from utils.json_text import json_text
from utils.text import printable

UNKNOWN = "unknown"  # in place of an option of a training that left no record


@dataclass(frozen=True)
class RunRecord:
    """A training or a prediction (`kind`), as values for JSON.

    `digest` is a checksum of the cube and its no-data mask, None for a scene that is read by tiles,
    `shape` its height, width and bands, and `bands` their numbers in the file, from 1, where some
    are not used. `options` are typed; `machine` are device, threads and versions. `seconds` are
    those of the whole training or of the prediction, None where they are not known, `auc` the last
    one. A prediction has the file of its `weights` and the record of its `training`.
    """

    kind: str
    scene: str
    source: str
    digest: str | None
    shape: list[int]
    bands: list[int] | None
    method: str
    title: str
    options: Mapping[str, Any]
    date: str
    machine: Mapping[str, Any]
    epochs_done: int | None = None
    seconds: float | None = None
    auc: float | None = None
    weights: str | None = None
    training: Mapping[str, Any] | None = None

    @property
    def contents(self) -> dict[str, Any]:
        """The values that the file has."""
        return asdict(self)


def write_record(folder: Path, record: RunRecord) -> Path:
    """Write the record of a run into its folder."""
    return write_text(folder / RECORD, json_text(record.contents))


def read_record(folder: Path) -> RunRecord | None:
    """Read the record of a run; None where there is none. Raises InputError for a damaged one."""
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(RunRecord)}
        record = RunRecord(**{name: value for name, value in values.items() if name in known})
        check_types(record)
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"'{path}' is damaged ({error})") from error
    return record


def check_types(record: RunRecord) -> None:
    """Raise TypeError where values are not of the types that the program writes."""
    texts = (record.kind, record.scene, record.method, record.title, record.date)
    if not (all(isinstance(text, str) for text in texts) and isinstance(record.options, dict)):
        raise TypeError("its values are of other types")
    if datetime.fromisoformat(record.date).tzinfo is None:
        raise ValueError(f"the date '{record.date}' has no time zone")
    for number in (record.auc, record.seconds, record.epochs_done):
        if number is not None and not isinstance(number, (int, float)):
            raise TypeError(f"'{number}' is no number")


def differing_options(record: RunRecord, args: Namespace) -> list[str]:
    """Describe the options that change results and are not those of a record."""
    others = {"method": record.method, **record.options}
    current = {"method": args.method, **option_values(args)}
    named = {name for name, flag in FLAGS.items() if flag.names_run or flag.names_prediction}
    return [
        f"--{name} {printable(to_setting(others[name]))}, not {to_setting(value)}"
        for name, value in current.items()
        if (name == "method" or name in named - {"gpu_ids"})
        and name in others
        and others[name] != value
    ]
