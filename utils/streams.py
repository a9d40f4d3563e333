"""Standard streams that never stop the work: closed, on a full disk, or with nobody reading."""

import io
import os
import select
import sys
from typing import Any

PATIENCE = 1.0  # seconds to wait for a reader that does not block


class TolerantFile(io.FileIO):
    """A file whose writes are dropped where they fail; `lost` is the first error."""

    lost: OSError | None = None

    def write(self, data: Any) -> int:
        """Write what can be written; drop the rest."""
        size = memoryview(data).nbytes
        try:
            written = super().write(data)
            if written is None:  # a pipe that is full, and does not block
                select.select([], [self], [], PATIENCE)
                written = super().write(data)
        except OSError as error:
            self.lost = self.lost or error
            return size
        return size if written is None else written


def open_closed_streams() -> None:
    """Open the standard streams that are closed, so that no other file gets their numbers."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def make_tolerant() -> None:
    """Drop what standard output and error cannot take, or have no characters for."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper):
            continue
        stream.reconfigure(errors="replace")  # a terminal without × prints ?
        if os.name != "nt":  # where a console is no file
            tolerant = io.TextIOWrapper(
                io.BufferedWriter(TolerantFile(number, "w", closefd=False)),
                encoding=stream.encoding,
                errors="replace",
                # with PYTHONUNBUFFERED, as in containers, lines are written at once
                line_buffering=stream.line_buffering or stream.write_through,
            )
            setattr(sys, name, tolerant)


def lost_output() -> OSError | None:
    """Return the first error of standard output, if any of it was lost."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.lost if isinstance(raw, TolerantFile) else None
