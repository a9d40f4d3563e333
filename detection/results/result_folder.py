"""The folder of a scene's results: a prediction comes into it whole, one at a time.

A prediction is written into a hidden folder of a random name within, which is called `.written` as
soon as it is complete. Its files are then moved out: first all other files of the earlier
prediction are removed, then the new detection map replaces the old, then the other new files
follow. So a process that is killed at any moment leaves files of one prediction only, perhaps not
all of them; those of the new one that are missing are in `.written`, and the next command moves
them. `metrics.json` goes first and comes last: where it is, nothing is missing.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, Timeout

from data.writing import written_endings
from utils.errors import InputError
from utils.files import ensure_writable, fsync_folder
from utils.lock import LOCK, lock_of
from utils.signals import deferring_interrupt

WRITING, WRITTEN = ".writing-", ".written"
FIRST, LAST = "detectmap.mat", "metrics.json"
MAPS = ("detectmap", "reconstructed_data", "mask")  # as MATLAB files and in the scene's format
PICTURES = ("detectmap", "roc", "separability")
TEMPORARY = re.compile(r"\.([0-9a-f]{16}|(?P<name>.+)\.\d+)\.tmp")  # the latter of earlier versions
PATIENCE = 60  # seconds to wait for another prediction, which moves its files in milliseconds


def known_files() -> list[str]:
    """List the names of all files that a prediction may have, the last one first."""
    maps = [f"{name}{ending}" for name in MAPS for ending in (".mat", *written_endings())]
    pictures = [f"{name}.{ending}" for name in PICTURES for ending in ("png", "pdf")]
    others = ["objects.csv", "objects.geojson", "log.txt", "report.html"]
    return [LAST, *sorted({*maps, *pictures, *others})]


def prepare(folder: Path) -> Path:
    """Make the folder ready for a prediction, and complete one whose process was killed.

    Raises InputError where its files cannot be written, so that none fails after long computing.
    """
    ensure_writable(folder)
    with sole_writer(folder):
        clean(folder)
        for name in known_files():
            if (folder / name).is_dir() and not (folder / name).is_symlink():
                raise InputError(f"'{folder / name}' is a folder, where a prediction has a file")
    return folder


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Provide a hidden folder to write a prediction to, whose files then replace the earlier ones.

    After any error within the block the earlier files are as they were.
    """
    prepare(folder)
    with sole_writer(folder):
        hidden = Path(tempfile.mkdtemp(prefix=WRITING, dir=folder))
        alive = lock_of(hidden)  # for others, which remove what killed processes left
        alive.acquire(timeout=0)
    try:
        with own_paths(hidden, folder):
            yield hidden
        with sole_writer(folder), deferring_interrupt():
            alive.release()
            publish(hidden, folder)
    finally:
        alive.release()
        shutil.rmtree(hidden, ignore_errors=True)


def publish(hidden: Path, folder: Path) -> None:
    """Replace the earlier prediction by a complete one."""
    if is_own(folder / WRITTEN):  # of a process that was killed meanwhile
        complete(folder)
    if (folder / WRITTEN).is_symlink():
        (folder / WRITTEN).unlink()
    for lock in hidden.glob(".*"):
        lock.unlink()
    hidden.rename(folder / WRITTEN)
    fsync_folder(folder)
    complete(folder)


def complete(folder: Path) -> None:
    """Move the files of `.written` into place; wherever that ended before, it continues."""
    written = folder / WRITTEN
    if (written / FIRST).exists():  # all other files in the folder are still those of the earlier
        for name in known_files():
            if name != FIRST:
                (folder / name).unlink(missing_ok=True)
        (written / FIRST).replace(folder / FIRST)
    for path in sorted(written.iterdir(), key=lambda path: path.name == LAST):
        path.replace(folder / path.name)
    written.rmdir()
    fsync_folder(folder)


def clean(folder: Path) -> None:
    """Complete the prediction of a killed process, and remove what others left unfinished."""
    if is_own(folder / WRITTEN):
        complete(folder)
    known = set(known_files())
    for path in folder.glob(".*.tmp"):
        match = TEMPORARY.fullmatch(path.name)
        if match and match["name"] in known | {None} and path.is_file():
            path.unlink(missing_ok=True)
    for hidden in folder.glob(f"{WRITING}*"):
        if is_own(hidden) and is_dead(hidden):
            shutil.rmtree(hidden, ignore_errors=True)


def is_own(hidden: Path) -> bool:
    """Return whether this is a folder, and no link to one of another place."""
    return hidden.is_dir() and not hidden.is_symlink()


def is_dead(hidden: Path) -> bool:
    """Return whether the process that made a hidden folder has ended."""
    lock = lock_of(hidden)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Be the only process that changes the files of a folder; wait for another one.

    Raises InputError where that takes long.
    """
    lock = lock_for(folder)
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        raise InputError(
            f"another process has been changing the files of '{folder}' for {PATIENCE} s: "
            f"run the command again when it has ended"
        ) from None
    try:
        yield
    finally:
        lock.release()


def lock_for(folder: Path) -> BaseFileLock:
    """Return the lock of a folder of results: that of the folder around it, if it is writable.

    So no file is left among the results.
    """
    real = folder.resolve()
    around = real.parent / LOCK
    place = around if around.exists() else real.parent
    return lock_of(real.parent if os.access(place, os.W_OK) else real)


@contextmanager
def own_paths(hidden: Path, folder: Path) -> Iterator[None]:
    """Name the file in an OSError by its later path."""
    try:
        yield
    except OSError as error:
        if error.filename is None or Path(error.filename).parent != hidden:
            raise
        path = folder / Path(error.filename).name
        raise OSError(error.errno, error.strerror, str(path)) from error
