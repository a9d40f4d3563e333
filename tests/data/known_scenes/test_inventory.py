"""What there is of known scenes in a data folder, and scenes of one's own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from data.errors import SceneError
from data.known_scenes.catalogue import catalogue, checksum
from data.known_scenes.inventory import Entry, inventory, other_scenes
from data.known_scenes.listing import format_inventory
from data.known_scenes.own_scenes import UNKNOWN, all_scenes

DATA = Path("data")


@pytest.fixture
def scenes(cube: NDArray[Any], workplace: Path) -> dict[str, Mapping[str, Any]]:
    """Two known scenes of the small cube's shape, of which one has no checksum."""
    about = {**UNKNOWN, "shape": [13, 11, 5], "anomalies": 3, "source": "a paper"}
    return {
        "first": {**about, "file": "first.mat", "checksum": checksum(cube)},
        "second": {**about, "file": "second.mat", "page": "https://example.org/data"},
    }


def found(scenes: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    return {entry.name: (entry.status, entry.note) for entry in inventory(scenes, DATA)}


def test_scenes_are_recognised_by_what_they_hold(
    scenes: dict[str, Mapping[str, Any]], cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    assert found(scenes) == {"first": ("missing", ""), "second": ("missing", "")}
    for name in scenes:
        np.savez(DATA / f"{name}.npz", data=cube, map=truth)  # of whatever format
    assert found(scenes) == {"first": ("there", ""), "second": ("there", "values not compared")}
    (DATA / "second.npz").unlink()
    np.savez(DATA / "first.npz", data=cube + 1, map=truth * 0)
    different = "its values differ and its ground truth has 0 anomalous pixels"
    assert found(scenes)["first"] == ("other", different)
    np.savez(DATA / "first.npz", data=cube[:9], map=truth[:9])
    assert found(scenes)["first"] == ("other", "its shape is 9×11×5")
    (DATA / "first.npz").write_bytes(b"<html>page</html>")
    status, note = found(scenes)["first"]
    assert status == "other" and "a web page, not data" in note


def test_a_scene_is_found_under_another_name(
    scenes: dict[str, Mapping[str, Any]], cube: NDArray[Any]
) -> None:
    (DATA / "damaged.mat").write_bytes(b"no scene at all")
    savemat(DATA / "other.mat", {"about": cube[0], "hsi": cube.astype(float)})
    note = "other.mat: rename it to first.mat"
    assert found(scenes) == {"first": ("misnamed", note), "second": ("missing", "")}
    entries = inventory(scenes, DATA)
    assert other_scenes(["damaged", "other", "Gulfport"], entries) == ["damaged", "Gulfport"]


def test_the_text_fits_the_width_and_states_where_scenes_are(
    scenes: dict[str, Mapping[str, Any]],
) -> None:
    entries = [Entry(name, {**facts, "aliases": ["Two Words"]}) for name, facts in scenes.items()]
    text = format_inventory(entries, others=["mine"], data_dir=DATA, width=60)
    lines = text.splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert lines[3].split() == ["Words"] and "0 of 2 scenes are in data" in lines
    assert "other scenes there: mine" in lines and "missing: second" in lines
    last = " ".join(text.partition("missing: second")[2].split())
    assert last == (
        "open https://example.org/data (a paper), download it there, and save it as "
        "data/second.mat; licence: not known here"
    )
    direct = Entry("first", {**scenes["first"], "url": "http://example.org/first.mat"})
    text = format_inventory([direct], others=[], data_dir=DATA, width=200)
    assert "--command scenes --fetch --dataset first" in text and "a paper" not in text


def test_a_file_in_the_data_folder_adds_scenes_and_facts(workplace: Path) -> None:
    assert all_scenes(DATA) == catalogue()
    link = {"url": "https://example.org/x", "sha256": "0" * 64, "licence": "CC BY 4.0"}
    own = {"HSI-II": link, "mine": {"shape": [9, 8, 7], "file": "mine.tif"}}
    (DATA / "scenes.json").write_text(json.dumps(own), encoding="utf-8")
    scenes = all_scenes(DATA)
    assert set(scenes) == {*catalogue(), "mine"}
    assert scenes["abu-beach-4"] == {**catalogue()["abu-beach-4"], **link}
    assert scenes["mine"] == {**UNKNOWN, "shape": [9, 8, 7], "file": "mine.tif"}
    assert [entry.status for entry in inventory(scenes, DATA)] == ["missing"] * len(scenes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "'data/scenes.json' is no JSON: Expecting property name"),
        ("[]", "expected {name: {field: value}}"),
        ('{"a": 1}', "expected {name: {field: value}}"),
        ('{"../a": {}}', "scene '../a': a name without folders is expected"),
        ('{"a": {"file": "../b.mat"}}', 'file is "../b.mat", expected the name of the file'),
        ('{"a": {"file": "b.mat"}}', "file is 'b.mat', expected its name and an ending: a.mat"),
        ('{"a": {"size": 1}}', "unknown field 'size' (known: url, sha256, "),
        ('{"a": {"shape": [1, 2]}}', "shape is [1, 2], expected [height, width, bands]"),
        ('{"a": {"anomalies": true}}', "anomalies is true, expected the number of"),
        ('{"a": {"url": "file:///etc/passwd"}}', "expected an address of the file, http:// or"),
        ('{"a": {"url": "http://x/y"}}', "a url needs the sha256 of its file"),
        ('{"a": {"sha256": "abc"}}', 'sha256 is "abc", expected the SHA-256 of the file'),
        ('{"a": {"place": ""}}', 'place is "", expected a text'),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(workplace: Path, text: str, message: str) -> None:
    (DATA / "scenes.json").write_text(text, encoding="utf-8")
    with pytest.raises(SceneError) as error:
        all_scenes(DATA)
    assert message in str(error.value) and "'data/scenes.json'" in str(error.value)
