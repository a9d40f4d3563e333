"""From what `--dataset` says to a scene."""

import json
from pathlib import Path

from data.matfile import read_scene
from data.scene import Scene, SceneError
from data.synthetic import synthetic_scene

SYNTHETIC = "synthetic"


def load_scene(dataset: str, *, data_dir: Path) -> Scene:
    """Load the scene that is meant by a file's path, its name in `data_dir`, or an alias of it.

    The name `synthetic` makes a scene where no file has that name. The scene's name is the one
    asked for, whatever file it was found in, so that runs stand where the user expects them.

    Raises SceneError where there is no such scene or it cannot be used.
    """
    name = scene_name(dataset)
    candidates = candidate_files(dataset, data_dir)
    path = scene_file(dataset, data_dir=data_dir)
    if path is not None:
        return read_scene(path, name=name)
    if dataset == SYNTHETIC:
        return synthetic_scene()
    raise SceneError(
        f"no scene '{dataset}': looked for {', '.join(map(str, candidates))}; "
        f"{describe_folder(candidates[-1].parent)}; "
        f"put the file there, give its path, or try --dataset synthetic"
    )


def scene_file(dataset: str, *, data_dir: Path) -> Path | None:
    """The file of a scene; None where there is none."""
    return next((path for path in candidate_files(dataset, data_dir) if path.is_file()), None)


def scene_name(dataset: str) -> str:
    """Name a scene by its file: `data/HSI-II.mat` and `HSI-II` are both `HSI-II`."""
    given = Path(dataset)
    name = given.stem if is_mat(given) else given.name
    if not name.strip("."):
        raise SceneError(f"--dataset '{dataset}' names no scene")
    return name


def is_mat(path: Path) -> bool:
    """Whether a path ends as MATLAB files do."""
    return path.suffix.lower() == ".mat"


def candidate_files(dataset: str, data_dir: Path) -> list[Path]:
    """Where the file of a scene may lie, the likeliest first."""
    given = Path(dataset)
    if given.name != dataset:  # it has a folder: a path, not a name
        return [given] if is_mat(given) else [given, Path(f"{dataset}.mat")]
    name = scene_name(dataset)
    in_folder = [data_dir / f"{other}.mat" for other in (name, *other_names(name))]
    return [given, data_dir / given, *in_folder] if is_mat(given) else in_folder


def other_names(name: str) -> list[str]:
    """The names under which the same scene is passed around, upper or lower case."""
    return [other for other in known_names(name) if other != name]


def canonical_name(name: str) -> str:
    """The one of a scene's names that tells that two are the same: that of the catalogue."""
    return next(iter(known_names(name)), name)


def known_names(name: str) -> list[str]:
    """All names of a scene of the catalogue, its own first; none of other scenes."""
    catalogue = json.loads(Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8"))
    for scene, aliases in catalogue.items():
        names = [scene, *aliases]
        if name.lower() in map(str.lower, names):
            return names
    return []


def scenes_in(folder: Path) -> list[str]:
    """The names of the scenes in a folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.mat") if path.is_file())


def describe_folder(folder: Path) -> str:
    """Say which scenes lie in a folder."""
    if not folder.is_dir():
        return f"there is no folder '{folder}' (--data_dir names another)"
    scenes = scenes_in(folder)
    return f"'{folder}' has {', '.join(scenes) if scenes else 'no .mat file'}"
