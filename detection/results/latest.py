"""The files of a scene's latest prediction, in the scene's own folder, as published scripts expect.

They are copies, not links: the published program and MATLAB's `save` write into a file that is
there already, which would change the result of the run too. `log.txt` names the run; it is removed
first and comes last, so that a killed process leaves files of one prediction only.

Files of another origin there, of earlier versions of this program or of the published one, are
moved into a folder of their own before anything is written.
"""

import json
from datetime import datetime, timezone
from filecmp import cmp
from pathlib import Path

from detection.results.known_files import FIRST, LAST, LATEST, LOG, known_files
from utils.files import copy_file, fsync_folder
from utils.output import print_warning

RUN_LINE = "run: "
MOVING = ".earlier"


def run_folders(scene: Path) -> list[Path]:
    """List the folders in that of a scene, hidden ones aside."""
    if not scene.is_dir():
        return []
    folders = (path for path in scene.iterdir() if path.is_dir() and path.name[0] != ".")
    return sorted(folders)


def show_as_latest(folder: Path) -> None:
    """Copy the files of a run that published scripts expect into the folder of its scene."""
    for name in reversed(LATEST):
        if name != FIRST:
            (folder.parent / name).unlink(missing_ok=True)
    for name in LATEST:
        if (folder / name).is_file():
            copy_file(folder / name, folder.parent / name)


def latest_run(scene: Path) -> Path | None:
    """Return the folder of the run that the log in the folder of a scene names, if it exists."""
    log = scene / LOG
    if not log.is_file():
        return None
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    names = [line.removeprefix(RUN_LINE) for line in lines if line.startswith(RUN_LINE)]
    known = {folder.name: folder for folder in run_folders(scene)}
    return known.get(names[0]) if names else None


def set_earlier_aside(scene: Path) -> None:
    """Move the files of another program's prediction into a folder of their own; print it."""
    moving = scene / MOVING
    if moving.is_symlink():
        moving.unlink()
    if not moving.is_dir() and not has_others(scene):
        return
    moving.mkdir(exist_ok=True)
    for name in known_files():
        if (scene / name).is_file() or (scene / name).is_symlink():
            (scene / name).replace(moving / name)
    date = date_of(moving)
    target = free_folder(scene / f"earlier_{date:%Y-%m-%d_%H-%M-%S}" if date else scene / "earlier")
    moving.rename(target)
    fsync_folder(scene)
    print_warning(f"files of an earlier prediction in '{scene}' are moved to '{target}'")


def has_others(scene: Path) -> bool:
    """Return whether the folder of a scene has files that are no copies of those of a run."""
    present = [name for name in LATEST if (scene / name).is_file()]
    run = latest_run(scene)
    if (scene / LAST).is_file() or (run is None and present):
        return True
    return run is not None and not all(is_copy(scene / name, run / name) for name in present)


def is_copy(copy: Path, original: Path) -> bool:
    """Return whether two files are the same; those of one size and time are taken to be."""
    return original.is_file() and cmp(copy, original)


def date_of(folder: Path) -> datetime | None:
    """Return when the prediction in a folder was made, in UTC; None where there is none."""
    try:
        metrics = json.loads((folder / LAST).read_text(encoding="utf-8"))
        return datetime.fromisoformat(metrics["date"]).astimezone(timezone.utc)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # of the published program, or damaged
    times = [file.stat().st_mtime for name in known_files() if (file := folder / name).is_file()]
    return datetime.fromtimestamp(max(times), timezone.utc) if times else None


def free_folder(path: Path) -> Path:
    """Return the path of a folder that does not exist, with a number where the given one does."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}_{number}")
    return free
