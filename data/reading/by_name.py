"""From what `--dataset` says to a scene."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from data.catalogue import other_names
from data.errors import SceneError
from data.formats.registry import ENDINGS, OWN_ENDINGS, PICTURE_ENDINGS, has_ending, without_ending
from data.reading.from_file import read_scene
from data.reading.settings import AS_IT_IS, NO_MAP, Reading
from data.reading.variables import is_truth_of
from data.scene import Scene
from data.synthetic import synthetic_scene

SYNTHETIC = "synthetic"


def load_scene(
    dataset: str, *, data_dir: Path, reading: Reading = AS_IT_IS, on_disk: bool = False
) -> Scene:
    """Load the scene that is meant by a file's path, its name in `data_dir`, or an alias of it.

    The name `synthetic` makes a scene where no file has that name. The scene's name is the one
    asked for, whatever file it was found in, so that runs stand where the user expects them. With
    `on_disk` the cube is not read, but windows of it later, as far as its format allows that.

    Raises SceneError where there is no such scene or it cannot be used.
    """
    path = scene_file(dataset, data_dir=data_dir)
    if path is not None:
        if reading.map not in (None, NO_MAP):
            found = map_file(reading.map, (Path(), data_dir, path.parent))
            reading = replace(reading, map=str(found))
        return read_scene(path, name=scene_name(dataset), reading=reading, on_disk=on_disk)
    if dataset == SYNTHETIC:
        for option in reading.off_default:
            raise SceneError(f"--{option} has no meaning for the synthetic scene, which is no file")
        return synthetic_scene()
    raise missing(dataset, data_dir)


def missing(dataset: str, data_dir: Path) -> SceneError:
    """Say that there is no such scene, where it was looked for, and what there is."""
    if Path(dataset).is_dir():
        return SceneError(
            f"'{dataset}' is a folder, not a scene: {describe_folder(Path(dataset))}; "
            f"give the path of one"
        )
    candidates = candidate_files(dataset, data_dir)
    likeliest = [path for path in candidates if path.suffix == ".mat"] or candidates[:2]
    others = " (or another format)" if len(candidates) > len(likeliest) else ""
    return SceneError(
        f"no scene '{dataset}': looked for {', '.join(map(str, likeliest))}{others}; "
        f"{describe_folder(candidates[-1].parent)}; "
        f"put the file there, give its path, or try --dataset synthetic"
    )


def scene_file(dataset: str, *, data_dir: Path) -> Path | None:
    """The file of a scene; None where there is none."""
    return next((path for path in candidate_files(dataset, data_dir) if path.is_file()), None)


def map_file(name: str, folders: Iterable[Path]) -> Path:
    """The file of a truth by its path, or its name in a folder, with its ending or without."""
    folders = list(dict.fromkeys(folders))
    for folder in folders:
        path = folder / name
        for candidate in (path, *with_endings(path, (*ENDINGS, *PICTURE_ENDINGS))):
            if candidate.is_file():
                return candidate
    looked = ", ".join(f"'{folder}'" for folder in folders)
    raise SceneError(f"no file '{name}' for --map: looked in {looked}")


def scene_name(dataset: str) -> str:
    """Name a scene by its file: `data/HSI-II.mat` and `HSI-II` are both `HSI-II`."""
    name = without_ending(Path(dataset).name)
    if not name.strip(".") or not name.isprintable():
        raise SceneError(f"--dataset '{dataset}' names no scene")
    return name


def names_of(datasets: Sequence[str]) -> list[str]:
    """The names of scenes; raise SceneError where two are called the same."""
    names = [scene_name(dataset) for dataset in datasets]
    for name in names:
        alike = [dataset for dataset, other in zip(datasets, names, strict=True) if other == name]
        if len(alike) > 1:
            raise SceneError(
                f"two scenes are called '{name}' ({', '.join(alike)}); "
                f"rename one, or take them in two calls"
            )
    return names


def candidate_files(dataset: str, data_dir: Path) -> list[Path]:
    """Where the file of a scene may lie, the likeliest first."""
    given, name = Path(dataset), scene_name(dataset)
    if given.name != dataset:  # it has a folder: a path, not a name
        return [given] if has_ending(given) else [given, *with_endings(given)]
    # a name with an ending means no file with another
    endings = (given.suffix,) if has_ending(given) else ENDINGS
    named = [
        path
        for other in (name, *other_names(name))
        for path in with_endings(data_dir / other, endings)
    ]
    return [given, data_dir / given, *named] if given.suffix else [*named, data_dir / given]


def with_endings(path: Path, of_formats: Iterable[str] = ENDINGS) -> list[Path]:
    """A path with the endings that scenes have, in small letters and in capitals."""
    endings = [form for ending in of_formats for form in (ending, ending.upper())]
    return [path.with_name(f"{path.name}{ending}") for ending in endings]


def scenes_in(folder: Path) -> list[str]:
    """The names of the scenes in a folder, sorted, without what is called the truth of another."""
    paths = [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    names = {without_ending(path.name) for path in paths if path.suffix.lower() in OWN_ENDINGS}
    return sorted(name for name in names if not any(is_truth_of(name, scene) for scene in names))


def describe_folder(folder: Path) -> str:
    """Say which scenes lie in a folder."""
    if not folder.is_dir():
        return f"there is no folder '{folder}' (--data_dir names another)"
    scenes = scenes_in(folder)
    return f"'{folder}' has {', '.join(scenes) if scenes else 'no scene'}"
