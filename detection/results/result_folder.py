"""The folder of a run's results: a prediction comes into it whole, one at a time.

A prediction is written into a hidden folder of a random name within that of its scene, which
becomes `.written` in the folder of its run as soon as it is complete. Its files are then moved out:
first all other files of an earlier prediction of the run are removed, then the new detection map
replaces the old, then the other new files follow, and the scene's latest files
(`detection/results/latest.py`) last. So a process that is killed at any moment leaves files of one
prediction only, perhaps not all of them; those of the new one that are missing are in `.written`,
which stays until everything is in place, and the next command on the scene completes it.
`metrics.json` goes first and comes last: where it is, nothing is missing.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, Timeout

from detection.results.known_files import FIRST, LAST, LATEST, known_files
from detection.results.latest import (
    date_of,
    latest_run,
    run_folders,
    set_earlier_aside,
    show_as_latest,
)
from utils.errors import InputError
from utils.files import ensure_writable, fsync_folder
from utils.lock import LOCK, lock_of
from utils.signals import deferring_interrupt

WRITING, WRITTEN = ".writing-", ".written"
TEMPORARY = re.compile(r"\.([0-9a-f]{16}|(?P<name>.+)\.\d+)\.tmp")  # the latter of earlier versions
PATIENCE = 60  # seconds to wait for another prediction, which moves its files in milliseconds


def prepare(folder: Path) -> Path:
    """Make everything ready for a prediction of a run, and complete one that was killed.

    Files of an earlier version of this program, or of the published one, are moved into a folder of
    their own. Raises InputError where files cannot be written, so that none fails after long
    computing.
    """
    scene = ensure_writable(folder.parent)
    with sole_writer(scene):
        clean(scene)
        check_free(scene, list(LATEST))
        if folder.exists():
            check_free(ensure_writable(folder), known_files())
    return folder


def check_free(folder: Path, names: list[str]) -> None:
    """Raise InputError where a folder has the name of a file of a prediction."""
    for name in names:
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            raise InputError(f"'{folder / name}' is a folder, where a prediction has a file")


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Provide a hidden folder to write a prediction to, whose files then replace the earlier ones.

    `folder` is that of the run, in that of its scene. After any error within the block the earlier
    files are as they were.
    """
    prepare(folder)
    scene = folder.parent
    with sole_writer(scene):
        hidden = Path(tempfile.mkdtemp(prefix=WRITING, dir=scene))
        alive = lock_of(hidden)  # for others, which remove what killed processes left
        alive.acquire(timeout=0)
    try:
        with own_paths(hidden, folder):
            yield hidden
        with sole_writer(scene), deferring_interrupt():
            alive.release()
            publish(hidden, folder)
    finally:
        alive.release()
        shutil.rmtree(hidden, ignore_errors=True)


def publish(hidden: Path, folder: Path) -> None:
    """Replace the earlier prediction of the run by a complete one; print what is replaced."""
    scene = folder.parent
    complete_all(scene)  # those of processes that were killed meanwhile
    set_earlier_aside(scene)
    replaced, before = date_of(folder), latest_run(scene)
    folder.mkdir(exist_ok=True)
    if (folder / WRITTEN).is_symlink():
        (folder / WRITTEN).unlink()
    for lock in hidden.glob(".*"):
        lock.unlink()
    hidden.rename(folder / WRITTEN)
    fsync_folder(folder)
    complete(folder)
    if replaced:
        print(f"the prediction of {replaced:%Y-%m-%d %H:%M} UTC in '{folder}' is replaced")
    if before != folder:
        names = ", ".join(name for name in LATEST if (scene / name).is_file())
        of_before = f" (before: {before.name})" if before else ""
        print(f"{names} in '{scene}' are now those of {folder.name}{of_before}")


def complete_all(scene: Path) -> None:
    """Complete the predictions of killed processes; of an earlier version in the scene itself."""
    if is_own(scene / WRITTEN):
        move_files(scene)
        (scene / WRITTEN).rmdir()
    for folder in run_folders(scene):
        if is_own(folder / WRITTEN):
            complete(folder)


def complete(folder: Path) -> None:
    """Bring the files of `.written` into place; wherever that ended before, it continues."""
    move_files(folder)
    show_as_latest(folder)
    (folder / WRITTEN).rmdir()
    fsync_folder(folder)


def move_files(folder: Path) -> None:
    """Move the files of `.written` out of it."""
    written = folder / WRITTEN
    if (written / FIRST).exists():  # all other files in the folder are still those of the earlier
        for name in known_files():
            if name != FIRST:
                (folder / name).unlink(missing_ok=True)
        (written / FIRST).replace(folder / FIRST)
    for path in sorted(written.iterdir(), key=lambda path: path.name == LAST):
        path.replace(folder / path.name)
    fsync_folder(folder)


def clean(scene: Path) -> None:
    """Complete the predictions of killed processes, and remove what others left unfinished."""
    complete_all(scene)
    set_earlier_aside(scene)
    known = set(known_files())
    for path in scene.glob(".*.tmp"):
        match = TEMPORARY.fullmatch(path.name)
        if match and match["name"] in known | {None} and path.is_file():
            path.unlink(missing_ok=True)
    for hidden in scene.glob(f"{WRITING}*"):
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
