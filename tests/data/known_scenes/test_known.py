"""Comparison of scenes with the catalogue, and published AUCs."""

from typing import Any

import pytest
from numpy.typing import NDArray

from data.info import catalogue_facts
from data.known_scenes.catalogue import catalogue, checksum
from data.scene import Scene


def facts(scene: Scene) -> dict[str, list[str]]:
    """Return the lines on a scene by their names."""
    reported: dict[str, list[str]] = {}
    for name, text in catalogue_facts(scene):
        assert "\n" not in text
        reported.setdefault(name, []).append(text)
    return reported


def known(name: str, cube: NDArray[Any], truth: NDArray[Any] | None) -> list[str]:
    reported = facts(Scene(name, cube, truth, source="'x.mat'"))
    return [*reported["catalogue"], *reported.get("", [])]


@pytest.fixture
def small_catalogue(
    monkeypatch: pytest.MonkeyPatch, cube: NDArray[Any]
) -> dict[str, dict[str, Any]]:
    """A catalogue of two small scenes, of which one has no checksum."""
    scenes = {name: dict(catalogue()[name]) for name in ("abu-airport-1", "abu-beach-4")}
    for facts_ in scenes.values():
        facts_ |= {"shape": [13, 11, 5], "anomalies": 3, "checksum": None}
    scenes["abu-airport-1"]["checksum"] = checksum(cube)
    monkeypatch.setattr("data.known_scenes.catalogue.catalogue", lambda: scenes)
    monkeypatch.setattr("data.info.catalogue", lambda: scenes)
    return scenes


def test_whether_a_scene_is_the_one_of_its_name(
    small_catalogue: object, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    about, said = known("Los Angeles-1", cube, truth)
    assert about.startswith("abu-airport-1 = Los Angeles-1: ") and "13×11×5, 3 anomalous" in about
    same = "this is the scene of the catalogue: "
    agree = f"{same}shape, number of anomalous pixels and checksum of the values agree"
    assert said == agree
    assert known("abu-airport-1", cube.astype(float), truth)[1] == agree  # whatever the type
    assert known("mine", cube, truth)[1] == agree  # known by its values
    assert known("abu-airport-1", cube, None)[1] == (
        "this is the scene of the catalogue: shape and checksum of the values agree"
    )


def test_what_differs_is_noted(
    small_catalogue: object, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    no = "this is not the scene of the catalogue: "
    assert known("abu-airport-1", cube + 1, truth)[1] == f"{no}its values differ"
    assert known("abu-airport-1", cube[:9], truth[:9])[1] == f"{no}its shape is 9×11×5"
    assert known("abu-airport-1", cube + 1, truth * 0)[1] == (
        f"{no}its values differ and its ground truth has 0 anomalous pixels"
    )
    assert known("abu-beach-4", cube + 1, truth)[1].endswith(
        "the catalogue has no checksum of its values"
    )
    # a file under the name of another scene
    assert known("abu-beach-4", cube, truth)[2] == "its values are those of abu-airport-1"
    assert known("mine", cube + 1, truth) == ["no scene of this name or with these values"]


def test_published_numbers_are_noted_with_their_source(cube: NDArray[Any]) -> None:
    reported = facts(Scene("Los Angeles-1", cube, None, source="'x.mat'"))
    first = reported["published"][0]
    assert first.startswith("AUC of RX 0.8221, ") and "NL2Net 0.9235" in first
    assert first.endswith("]") and "10.1109/TGRS.2026.3676658" in first
    assert reported["source"][0].endswith("as data/abu-airport-1.mat")
