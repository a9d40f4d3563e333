"""The summary of batches, `summary.csv`: a row per scene, added as soon as the scene is done."""

import csv
import io
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from filelock import Timeout

from detection.batch.outcome import Outcome
from utils.errors import InputError
from utils.files import atomic_write, ensure_writable
from utils.lock import lock_of
from utils.text import in_csv

NAME = "summary.csv"
COLUMNS = (
    *("batch", "scene", "dataset", "height", "width", "bands", "method"),
    *("auc", "threshold", "detected_pixels", "seconds", "failed"),
)
PATIENCE = 60  # seconds to wait for another batch, which writes a row in milliseconds


class Summary:
    """The file that the rows of a batch are added to, after those of earlier batches.

    The column `batch` has the time (UTC) at which a batch began. A file with other columns, or that
    is no table, is kept under another name. Raises InputError where nothing can be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = ensure_writable(folder) / NAME
        self.batch = datetime.now(timezone.utc).isoformat(sep=" ", timespec="seconds")
        self.note = self.keep_other()

    def keep_other(self) -> str:
        """Rename a file that is no summary with these columns; return the line that says so."""
        if self.path.is_dir():
            raise InputError(f"'{self.path}' is a folder, where a batch has its summary")
        if not self.path.exists() or header_of(self.path) == ",".join(COLUMNS):
            return ""
        numbered = (self.path.with_name(f"summary_{number}.csv") for number in range(1, 10**6))
        other = next(path for path in numbered if not path.exists())
        self.path.rename(other)
        return f"'{self.path}' had other columns: it is '{other.name}' now"

    def add(self, outcome: Outcome) -> None:
        """Add the row of a scene; the file is complete at any time."""
        lock = lock_of(self.path.parent)
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout:
            raise InputError(
                f"another process has held '{lock.lock_file}' for {PATIENCE} s"
            ) from None
        try:
            before = self.path.read_bytes() if self.path.exists() else csv_line(COLUMNS)
            with atomic_write(self.path) as file:
                file.write(before + csv_line(row_of(outcome, batch=self.batch)))
        finally:
            lock.release()


def header_of(path: Path) -> str:
    """Read the first line of a file."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline().strip()


def row_of(outcome: Outcome, *, batch: str) -> list[Any]:
    """List the entries of a scene, in the order of the columns; None for an empty one."""
    height, width, bands = outcome.shape or (None, None, None)
    return [
        *(batch, in_csv(outcome.scene), in_csv(outcome.dataset), height, width, bands),
        *(outcome.method, outcome.auc, outcome.result.get("threshold"), outcome.detected),
        *(round(outcome.seconds, 3), in_csv(outcome.failed)),
    ]


def csv_line(entries: Any) -> bytes:
    """Format a row of a CSV file."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(entries)
    return line.getvalue().encode(errors="backslashreplace")
