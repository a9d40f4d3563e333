"""Scenes of one's own: `scenes.json` in the data folder, such as those of an institute's server."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from data.errors import SceneError
from data.formats.registry import without_ending
from data.known_scenes.catalogue import canonical_name, catalogue, known_names

FILE = "scenes.json"
UNKNOWN: Mapping[str, Any] = {
    **{"aliases": [], "place": None, "sensor": None, "shape": None, "anomalies": None},
    **{"checksum": None, "source": None},
}


def all_scenes(data_dir: Path) -> dict[str, Mapping[str, Any]]:
    """Return the scenes of the catalogue and of the file in the data folder, by name.

    What the file states of a scene of the catalogue replaces what that states. Raises SceneError
    where the file cannot be used.
    """
    scenes = dict(catalogue())
    for given, facts in own_scenes(data_dir / FILE).items():
        name = canonical_name(given)
        known = scenes.get(name, {**UNKNOWN, "file": f"{name}.mat"})
        scenes[name] = {**known, **facts}
    return scenes


def own_scenes(path: Path) -> dict[str, dict[str, Any]]:
    """Read a file of scenes; none where there is no file."""
    if not path.exists():
        return {}
    try:
        scenes = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise SceneError(f"'{path}' is no JSON: {error}") from None
    if not isinstance(scenes, dict) or not all(isinstance(one, dict) for one in scenes.values()):
        raise SceneError(f"'{path}': expected {{name: {{field: value}}}}")
    for name, facts in scenes.items():
        check_facts(name, facts, place=f"'{path}': scene '{name}'")
    return scenes


def check_facts(name: str, facts: Mapping[str, Any], *, place: str) -> None:
    """Raise SceneError for a name or a fact that cannot be used."""
    if not is_file_name(name):
        raise SceneError(f"{place}: a name without folders is expected")
    for field, value in facts.items():
        if field not in FIELDS:
            raise SceneError(f"{place}: unknown field '{field}' (known: {', '.join(FIELDS)})")
        expected, is_valid = FIELDS[field]
        if not is_valid(value):
            raise SceneError(f"{place}: {field} is {json.dumps(value)}, expected {expected}")
    check_file(name, facts.get("file", name), place=place)
    if "url" in facts and "sha256" not in facts:
        raise SceneError(f"{place}: a url needs the sha256 of its file, as sha256sum prints it")


def check_file(name: str, file: str, *, place: str) -> None:
    """Raise SceneError unless a file is called like its scene, by which it is found."""
    if without_ending(file) not in (name, *known_names(name)):
        raise SceneError(f"{place}: file is '{file}', expected its name and an ending: {name}.mat")


def is_text(value: object) -> bool:
    """Return True for a text that is not empty."""
    return isinstance(value, str) and bool(value.strip())


def is_file_name(value: object) -> bool:
    """Return True for the name of a file without its folder."""
    return (
        isinstance(value, str)
        and value.isprintable()
        and not value.startswith(".")
        and re.search(r'[\\/:*?"<>|]', value) is None
        and is_text(value)
    )


def is_count(value: object) -> bool:
    """Return True for a whole number from 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_shape(value: object) -> bool:
    """Return True for height, width and bands."""
    return isinstance(value, list) and len(value) == 3 and all(map(is_count, value))


def is_address(value: object) -> bool:
    """Return True for an address of the web."""
    return isinstance(value, str) and re.fullmatch(r"https?://\S+", value) is not None


def is_sha256(value: object) -> bool:
    """Return True for a SHA-256 as hexadecimal digits."""
    return isinstance(value, str) and re.fullmatch("[0-9a-fA-F]{64}", value) is not None


# the fields, what is expected of their values, and the check of it
FIELDS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "url": ("an address of the file, http:// or https://", is_address),
    "sha256": ("the SHA-256 of the file, 64 hexadecimal digits", is_sha256),
    "file": ("the name of the file in the data folder", is_file_name),
    "shape": ("[height, width, bands]", is_shape),
    "anomalies": ("the number of anomalous pixels", is_count),
    **{name: ("a text", is_text) for name in ("place", "sensor", "source", "licence")},
    "page": ("an address of a page, http:// or https://", is_address),
}
