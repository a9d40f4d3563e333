"""List and fetch the known scenes (`--command scenes`)."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data.errors import SceneError
from data.known_scenes.catalogue import canonical_name
from data.known_scenes.fetching import fetch
from data.known_scenes.inventory import Entry, inventory, other_scenes
from data.known_scenes.listing import format_inventory
from data.known_scenes.own_scenes import all_scenes
from data.reading.by_name import scenes_in
from utils.output import print_result
from utils.text import did_you_mean
from utils.text_table import terminal_width

Scenes = Mapping[str, Mapping[str, Any]]


def list_scenes(names: Sequence[str], *, data_dir: Path) -> list[dict[str, Any]]:
    """Print the known scenes, or those of these names, and what is there; return the rows."""
    scenes = all_scenes(data_dir)
    entries = inventory(chosen(scenes, names), data_dir)
    others = [] if names else other_scenes(scenes_in(data_dir), entries)
    width = terminal_width()
    print_result(format_inventory(entries, others=others, data_dir=data_dir, width=width))
    return [entry.row for entry in entries]


def fetch_scenes(names: Sequence[str], *, data_dir: Path) -> list[dict[str, Any]]:
    """Download the scenes of these names that are missing; return their rows.

    Raises SceneError where one cannot be had, after the others were.
    """
    if not names:
        raise SceneError("--fetch needs the names of scenes: --dataset NAME …")
    scenes = chosen(all_scenes(data_dir), names)
    failures = failed_fetches(inventory(scenes, data_dir), data_dir)
    if len(scenes) == 1:
        for name, reason in failures.items():
            raise SceneError(f"{name}: {reason}")
    if failures:
        for name, reason in failures.items():
            print(f"{name}: {reason}")
        raise SceneError(f"{len(failures)} of {len(scenes)} scenes failed: {', '.join(failures)}")
    return [entry.row for entry in inventory(scenes, data_dir)]


def failed_fetches(entries: Iterable[Entry], data_dir: Path) -> dict[str, str]:
    """Fetch scenes, with a line on each; return the reasons of those that failed, by name."""
    failures = {}
    for entry in entries:
        try:
            print(fetch(entry, data_dir))
        except SceneError as error:
            failures[entry.name] = str(error)
    return failures


def chosen(scenes: Scenes, names: Sequence[str]) -> Scenes:
    """Pick the scenes of these names, or all without any; raise SceneError for an unknown one."""
    for name in names:
        if canonical_name(name) not in scenes:
            hint = did_you_mean(name, all_names(scenes), after=" ")
            raise SceneError(f"no scene '{name}' in the catalogue: {hint}--command scenes lists it")
    wanted = [canonical_name(name) for name in names] or list(scenes)
    return {name: scenes[name] for name in wanted}


def all_names(scenes: Scenes) -> list[str]:
    """List the names of scenes, aliases among them."""
    return [name for scene, facts in scenes.items() for name in (scene, *facts["aliases"])]
