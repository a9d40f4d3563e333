"""Folders of scenes: the scenes in one, in natural order, and why its other files are none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import SceneError
from data.formats.envi.files import find_header
from data.formats.format import first_bytes
from data.formats.listing import visible_files
from data.formats.registry import ENDINGS, OWN_ENDINGS, SCENE_FORMATS, read_contents, recognised
from data.reading.arrangement import arranged
from data.reading.by_name import scene_file
from data.reading.folder import MOST_NAMED, PICTURES, cubes, image_files, is_scene
from data.reading.usual_names import is_truth_name, is_truth_of
from utils.text import first_few, printable

SCENE = ""  # in place of the reason why a file is none
TRUTH, NO_CUBE = "ground truths by their names (--map auto)", "files without a cube"
OTHER, FOLDER = "files of no format of scenes", "folders, which are not entered"


@dataclass(frozen=True)
class SceneFolder:
    """A folder with the scenes in it, and its other files by the reason why they are none."""

    path: Path
    scenes: list[Path]
    others: dict[str, list[Path]]

    @property
    def note(self) -> str:
        """The line on the files that are no scenes; empty without any."""
        listed = [f"{kind}: {count_and_name(paths)}" for kind, paths in self.others.items()]
        return f"'{self.path}': besides scenes there are {'; '.join(listed)}" if listed else ""


def find_scenes(
    datasets: Sequence[str], *, data_dir: Path, data_key: str | None = None
) -> tuple[list[str], list[str]]:
    """Replace every folder of scenes by the paths of its scenes.

    Names, files, and folders that are themselves a scene or have none, stay. The second list has a
    line for every folder with files that are no scenes.
    """
    scenes: list[str] = []
    notes: list[str] = []
    for dataset in datasets:
        folder = scene_folder(dataset, data_dir=data_dir, data_key=data_key)
        scenes += [dataset] if folder is None else map(str, folder.scenes)
        notes += [folder.note] if folder is not None and folder.note else []
    return scenes, notes


def scene_folder(dataset: str, *, data_dir: Path, data_key: str | None) -> SceneFolder | None:
    """List the folder of scenes that `--dataset` names; None where it names a scene, or none.

    Folders in the data folder go before others.
    """
    if Path(dataset).name in ("", ".."):  # as of `.`, the working folder
        dataset = str(Path(dataset).resolve())
    if scene_file(dataset, data_dir=data_dir) is not None:
        return None
    folders = (path for path in (data_dir / dataset, Path(dataset)) if path.is_dir())
    listed = (list_folder(path, data_key=data_key) for path in folders)
    return next((folder for folder in listed if folder.scenes), None)


def list_folder(path: Path, *, data_key: str | None) -> SceneFolder:
    """Sort the files and folders in a folder into scenes and others; subfolders are not entered."""
    kinds = kinds_of_files(path, data_key=data_key)
    for folder in path.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            kinds[folder] = SCENE if is_readable_scene(folder) else FOLDER
    others: dict[str, list[Path]] = {}
    for other in sorted(kinds, key=natural):
        others.setdefault(kinds[other], []).append(other)
    return SceneFolder(path, others.pop(SCENE, []), others)


def kinds_of_files(folder: Path, *, data_key: str | None) -> dict[Path, str]:
    """Find for each file of a folder why it is no scene, empty for a scene.

    Files that belong to an ENVI header are omitted.
    """
    images = image_files(folder)
    others = [
        path
        for path in visible_files(folder)
        if path.suffix.lower() not in (*ENDINGS, *PICTURES) and find_header(path) is None
    ]
    stems = {path.stem for path in images}
    kinds = {path: kind_of(path, stems=stems, data_key=data_key) for path in images}
    return kinds | {path: kind_of(path, stems=stems, data_key=data_key) for path in others}


def kind_of(path: Path, *, stems: set[str], data_key: str | None) -> str:
    """Find why a file is no scene; empty for a scene, and for one that cannot be read.

    `stems` are the names of the scenes in the folder, of which it may be the ground truth.
    """
    if is_truth_name(path.stem) or any(is_truth_of(path.stem, stem) for stem in stems):
        return TRUTH
    own = path.suffix.lower() in OWN_ENDINGS
    try:
        if not own and recognised(path, first_bytes(path)) not in SCENE_FORMATS:
            return OTHER
        contents = arranged(read_contents(path), path, key=data_key)
    except (SceneError, OSError):
        return SCENE if own else OTHER
    return SCENE if contents.cube or cubes(contents) else NO_CUBE


def is_readable_scene(folder: Path) -> bool:
    """Return True for a folder that is a scene, and can be read."""
    try:
        return is_scene(folder)
    except OSError:
        return False


def natural(path: Path) -> list[int | str]:
    """Return a key that sorts paths by their names as people number them: 2 before 10."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [int(part) if part.isdecimal() else part for part in parts]


def count_and_name(paths: Sequence[Path]) -> str:
    """Count files, and name the first of them."""
    names = [f"'{printable(path.name)}'" for path in paths]
    return f"{len(paths)} ({first_few(names, most=MOST_NAMED)})"
