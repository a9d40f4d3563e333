"""Load a scene by name, alias or path."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from data.errors import SceneError
from data.formats.listing import visible_files
from data.formats.registry import ENDINGS, OWN_ENDINGS, TRUTH_ENDINGS, has_ending, without_ending
from data.known_scenes.catalogue import catalogue, known_names, other_names
from data.reading.folder import HINT, is_scene
from data.reading.from_file import read_scene
from data.reading.settings import DEFAULTS, NEXT_TO_SCENE, NO_MAP, ReadSettings
from data.reading.usual_names import is_truth_of, neighbouring_truth
from data.scene import Scene
from data.synthetic import synthetic_scene
from utils.foreign_files import folder_kind, reason_of_absence
from utils.output import print_detail
from utils.text import did_you_mean, printable_line

SYNTHETIC = "synthetic"


def load_scene(
    dataset: str, *, data_dir: Path, reading: ReadSettings = DEFAULTS, on_disk: bool = False
) -> Scene:
    """Load a scene, given a file's path, its name in `data_dir`, or an alias of the name.

    A folder is a scene where it holds one file per band, or a product of several files.

    The name `synthetic` makes a scene where no file has that name. The scene's name is `dataset`,
    whatever the file is called, so that runs are where the user expects them. With `on_disk` the
    cube is not read at once but in blocks, where its format allows that.

    Raises SceneError where there is no such scene or it cannot be used.
    """
    path = scene_file(dataset, data_dir=data_dir)
    if path is not None:
        if reading.map == NEXT_TO_SCENE:
            neighbour = neighbouring_truth(path)
            reading = replace(reading, map=None if neighbour is None else str(neighbour))
        elif reading.map not in (None, NO_MAP):
            inside = [path] if path.is_dir() else []
            found = truth_file(reading.map, (Path(), data_dir, path.parent, *inside))
            reading = replace(reading, map=str(found))
        print_detail(printable_line(f"file: {path}"))
        return read_scene(path, name=scene_name(dataset), reading=reading, on_disk=on_disk)
    if dataset == SYNTHETIC:
        for option in reading.non_default:
            raise SceneError(f"--{option} does not apply to the synthetic scene, which is no file")
        return synthetic_scene()
    raise not_found(dataset, data_dir)


def not_found(dataset: str, data_dir: Path) -> SceneError:
    """Describe where a scene was looked for, and which scenes exist."""
    if Path(dataset).is_dir():
        if kind := folder_kind(Path(dataset)):
            return SceneError(f"'{dataset}' is {kind}")
        return SceneError(
            f"'{dataset}' is a folder, not a scene: {describe_folder(Path(dataset))}; "
            f"give the path of one; {HINT}"
        )
    candidates = candidate_files(dataset, data_dir)
    for reason in filter(None, map(reason_of_absence, candidates)):
        return SceneError(f"no scene '{dataset}': {reason}")
    likeliest = [path for path in candidates if path.suffix == ENDINGS[0]] or candidates[:2]
    others = " (or another format)" if len(candidates) > len(likeliest) else ""
    hint = did_you_mean(scene_name(dataset), likely_scenes(dataset, candidates), after=" ")
    return SceneError(
        f"no scene '{dataset}': {hint}looked for {', '.join(map(str, likeliest))}{others}; "
        f"{describe_folder(candidates[-1].parent)}; "
        f"put the file there, give its path, or try --dataset synthetic"
    )


def scene_file(dataset: str, *, data_dir: Path) -> Path | None:
    """Find the file of a scene, or its folder of one file per band; None where there is none."""
    files = (path for path in candidate_files(dataset, data_dir) if path.is_file())
    folders = (
        path for path in (data_dir / dataset, Path(dataset)) if path.is_dir() and is_scene(path)
    )
    return next(files, None) or next(folders, None)


def truth_file(name: str, folders: Iterable[Path]) -> Path:
    """Find the file of a ground truth, given its path, or its name in one of the folders."""
    if not Path(name).name:
        raise SceneError(f"--map '{name}' names no file (none for no ground truth)")
    folders = list(dict.fromkeys(folders))
    for folder in folders:
        path = folder / name
        for candidate in (path, *with_endings(path, TRUTH_ENDINGS)):
            if candidate.is_file():
                return candidate
    for reason in filter(None, (reason_of_absence(folder / name) for folder in folders)):
        raise SceneError(f"no file '{name}' for --map: {reason}")
    looked = ", ".join(f"'{folder}'" for folder in folders)
    raise SceneError(f"no file '{name}' for --map: looked in {looked}")


def scene_name(dataset: str) -> str:
    """Name a scene after its file: `data/HSI-II.mat` and `HSI-II` are both `HSI-II`."""
    name = without_ending(Path(dataset).name)
    if not name.strip(".") or not name.isprintable():
        hint = ": give its name, or the path of its file"
        if not name.isprintable():
            hint = ": it has unprintable characters; rename the file"
        raise SceneError(f"--dataset '{dataset}' names no scene{hint}")
    return name


def scene_names(datasets: Sequence[str]) -> list[str]:
    """Name scenes after their files; raise SceneError where two have the same name."""
    names = [scene_name(dataset) for dataset in datasets]
    for name in names:
        alike = [dataset for dataset, other in zip(datasets, names, strict=True) if other == name]
        if len(alike) > 1:
            raise SceneError(
                f"two scenes are called '{name}' ({', '.join(alike)}); "
                f"rename one, or pass them to two commands"
            )
    return names


def candidate_files(dataset: str, data_dir: Path) -> list[Path]:
    """List where the file of a scene may be, the likeliest first."""
    given, name = Path(dataset), scene_name(dataset)
    if given.name != dataset:  # it has a folder: a path, not a name
        return [given] if has_ending(given) else [given, *with_endings(given)]
    # a name with an ending stands for no file with another
    endings = (given.suffix,) if has_ending(given) else ENDINGS
    named = [
        path
        for other in (name, *other_names(name))
        for path in with_endings(data_dir / other, endings)
    ]
    return [given, data_dir / given, *named] if given.suffix else [*named, data_dir / given]


def with_endings(path: Path, endings: Iterable[str] = ENDINGS) -> list[Path]:
    """Append each of these endings to a path, in lower and in upper case."""
    spellings = [spelling for ending in endings for spelling in (ending, ending.upper())]
    return [path.with_name(f"{path.name}{ending}") for ending in spellings]


def scenes_in(folder: Path) -> list[str]:
    """List the scenes in a folder by name, without files named as the ground truth of another."""
    paths = visible_files(folder) if folder.is_dir() else []
    names = {without_ending(path.name) for path in paths if path.suffix.lower() in OWN_ENDINGS}
    return sorted(name for name in names if not any(is_truth_of(name, scene) for scene in names))


def likely_scenes(dataset: str, candidates: Sequence[Path]) -> list[str]:
    """List the scenes that a name which is no file may stand for; none where it is a known name."""
    there = scenes_in(candidates[-1].parent)
    if known_names(dataset):
        return []
    return there if Path(dataset).name != dataset else [*there, *catalogue(), SYNTHETIC]


def describe_folder(folder: Path) -> str:
    """List the scenes in a folder in a sentence."""
    if not folder.is_dir():
        return f"there is no folder '{folder}' (--data_dir names another)"
    scenes = scenes_in(folder)
    return f"'{folder}' has {', '.join(scenes) if scenes else 'no scene'}"
