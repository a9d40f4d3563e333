"""The scenes of the catalogue, and what there is of them in the data folder."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data.errors import SceneError
from data.formats.listing import visible_files
from data.formats.registry import OWN_ENDINGS
from data.known_scenes.catalogue import canonical_name, checksum, source_text
from data.known_scenes.comparison import checksum_if_known, differences, is_the_file
from data.reading.by_name import scene_file
from data.reading.folder import scene_contents
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings
from utils.text import printable_line

THERE = "there"
OTHER = "other"  # a file of the scene's name, but not the scene
MISNAMED = "misnamed"  # the scene, in a file of another name
MISSING = "missing"


@dataclass(frozen=True)
class Entry:
    """A scene of the catalogue: the facts on it, and what there is of it in the data folder.

    `status` is one of THERE, OTHER, MISNAMED and MISSING, `path` that of the file, and `note`
    states what differs or was not compared.
    """

    name: str
    facts: Mapping[str, Any]
    status: str = MISSING
    path: Path | None = None
    note: str = ""

    @property
    def row(self) -> dict[str, Any]:
        """The facts and the status as plain values of JSON."""
        fields = ("aliases", "place", "sensor", "shape", "anomalies", "file", "source", "page")
        return {
            "name": self.name,
            **{field: self.facts.get(field) for field in (*fields, "url", "licence")},
            "status": self.status,
            "path": None if self.path is None else str(self.path),
            "note": self.note,
        }

    @property
    def origin(self) -> tuple[str, str | None]:
        """The source, and the licence where it is known."""
        return source_text(self.facts), self.facts.get("licence")


def inventory(scenes: Mapping[str, Mapping[str, Any]], data_dir: Path) -> list[Entry]:
    """Look for scenes in the data folder, by their names and then by their values."""
    entries = [entry_of(name, facts, data_dir) for name, facts in scenes.items()]
    missing = {entry.name: entry for entry in entries if entry.status == MISSING}
    paths = {entry.path for entry in entries}
    others = [path for path in scene_files(data_dir) if path not in paths]
    found = {entry.name: entry for entry in misnamed(others, missing.values())}
    return [found.get(entry.name, entry) for entry in entries]


def entry_of(name: str, facts: Mapping[str, Any], data_dir: Path) -> Entry:
    """Look for a scene in the data folder by its names, and compare it with the facts on it."""
    entry = Entry(name, facts)
    path = scene_file(name, data_dir=data_dir)
    if path is None:
        return entry
    try:
        scene = read_scene(path, name=name, reading=ReadSettings(nan="mask"), on_disk=True)
        different = differences(scene, facts, sums=checksum_if_known(scene.cube, [facts]))
        if not facts["checksum"] and facts.get("sha256") and path.is_file():
            different += [] if is_the_file(path, facts) else ["it is not the file of its url"]
    except (SceneError, OSError) as error:
        return replace(entry, status=OTHER, path=path, note=printable_line(error))
    if different:
        return replace(entry, status=OTHER, path=path, note=" and ".join(different))
    compared = facts["checksum"] or facts.get("sha256")
    note = "" if compared else "values not compared"
    return replace(entry, status=THERE, path=path, note=note)


def misnamed(paths: Iterable[Path], missing: Iterable[Entry]) -> Iterator[Entry]:
    """Yield those of the missing scenes whose values are in a file of another name."""
    sought = {entry.facts["checksum"]: entry for entry in missing if entry.facts["checksum"]}
    shapes = {tuple(entry.facts["shape"]) for entry in sought.values()}
    for path in paths if sought else ():
        for sums in checksums_in(path, shapes):
            if sums in sought:
                entry = sought.pop(sums)
                note = f"{path.name}: rename it to {entry.facts['file']}"
                yield replace(entry, status=MISNAMED, path=path, note=note)


def checksums_in(path: Path, shapes: set[tuple[int, ...]]) -> Iterator[str]:
    """Yield the checksums of the arrays in a file that have one of these shapes."""
    try:
        for variable in scene_contents(path).variables.values():
            if variable.is_numeric and variable.shape in shapes:
                yield checksum(variable.read())
    except (SceneError, OSError):
        return  # a file that is not read is no scene of the catalogue


def scene_files(data_dir: Path) -> list[Path]:
    """List the files in the data folder that may be scenes."""
    paths = visible_files(data_dir) if data_dir.is_dir() else []
    return [path for path in paths if path.suffix.lower() in OWN_ENDINGS]


def other_scenes(names: Iterable[str], entries: Iterable[Entry]) -> list[str]:
    """List those of the scenes in the data folder, given by name, that are not in the catalogue."""
    known = {entry.name for entry in entries}
    known |= {entry.path.stem for entry in entries if entry.path is not None}
    return [name for name in names if canonical_name(name) not in known and name not in known]
