"""Masks and layers of products, which are no ground truth."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.reading.from_file import read_scene
from data.reading.masks import is_product_layer
from data.reading.settings import ReadSettings
from data.reading.truth import reason_for_doubt
from data.reading.variables import find_truth

SIZE = (13, 11, 5)


@pytest.mark.parametrize(
    "name",
    ["cloud_mask", "CloudMask", "QA", "qa60", "pixel_qa", "mask_nodata", "ValidPixels", "SCL"]
    + ["cast_shadow", "CIRRUS", "bad_pixel", "usable_data", "QualityFlags", "quality/mask"]
    + ["TESTFLAGS", "no_data", "Haze_Cloud_Water_Map", "watermask", "Slope", "sun_zenith"],
)
def test_layers_of_products(name: str) -> None:
    assert is_product_layer(name)


@pytest.mark.parametrize(
    "name", ["map", "mask", "gt", "object_mask", "validation", "cloud_gt", "anomalyMask", "ships"]
)
def test_names_of_ground_truths(name: str) -> None:
    assert not is_product_layer(name)


@pytest.mark.parametrize(
    ("meaning", "is_layer"),
    [
        ("Cloud mask", True),
        ("quality_flag", True),
        ("clear cloudy", True),
        ("flags", True),
        ("background anomaly", False),
        ("vehicles", False),
    ],
)
def test_the_description_counts(meaning: str, is_layer: bool) -> None:
    assert is_product_layer("layer", meaning) == is_layer


def images(**meanings: str) -> Contents:
    """Return a cube, and images of its size with these descriptions."""
    kind = np.dtype("u1")
    found = {
        name: Variable(SIZE[:2], kind, lambda: np.zeros(SIZE[:2]), meaning=meaning)
        for name, meaning in meanings.items()
    }
    return Contents({"data": Variable(SIZE, kind, lambda: np.zeros(SIZE)), **found})


def found_in(contents: Contents, *, key: str | None = None, cube: str | None = "data") -> Any:
    return find_truth(contents, Path("x.nc"), key=key, size=SIZE, cube=cube)


def test_a_mask_is_taken_by_its_key_alone() -> None:
    assert found_in(images(cloud_mask="")) is None
    assert found_in(images(cloud_mask=""), key="cloud_mask") == "cloud_mask"
    assert found_in(images(cloud_mask="", qa="", things="")) == "things"
    assert found_in(images(mask="Cloud mask")) is None
    assert found_in(images(mask="Mask of vehicles")) == "mask"
    assert found_in(images(map="Cloud mask")) == "map"  # as the published program reads it
    assert found_in(images(gt="all flags")) == "gt"


def test_in_a_file_of_its_own_a_mask_is_the_truth_only_alone() -> None:
    image = Variable(SIZE[:2], np.dtype("u1"), lambda: np.zeros(SIZE[:2]))
    assert found_in(Contents({"cloud": image}), cube=None) == "cloud"
    assert found_in(Contents({"cloud": image, "things": image}), cube=None) == "things"
    assert found_in(Contents({"cloud": image, "qa": image}), cube=None) is None


@pytest.mark.parametrize(
    ("name", "values", "doubt"),
    [
        ("thing", [1] * 1 + [0] * 9, ""),
        ("thing", [1] * 2 + [0] * 8, "marks 20% of the pixels, too many for anomalies"),
        ("thing", [0, 0.5] + [0] * 18, "has values that are no whole numbers"),
        ("thing", list(range(300)), "has too many different values"),
        ("mask", [1] * 2 + [0] * 8, ""),
        ("mask", [1] * 6 + [0] * 4, "marks 60% of the pixels, too many for anomalies"),
        ("gt", [1] * 6 + [0] * 4, ""),
        ("map", list(range(300)), ""),
    ],
)
def test_an_array_is_doubted_by_name_share_and_values(
    name: str, values: list[float], doubt: str
) -> None:
    assert reason_for_doubt(name, np.array(values)) == doubt


def test_the_note_names_the_key(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[np.uint8]
) -> None:
    path = tmp_path / "x.nc"
    with h5py.File(path, "w") as file:
        file["data"], file["layer"] = cube.transpose(2, 0, 1), truth
        file["layer"].attrs["flag_masks"] = np.array([1, 2], np.uint8)
    scene = read_scene(path, name="x")
    assert scene.truth is None
    assert scene.cube.shape == cube.shape  # the mask states the axes all the same
    assert scene.notes[0] == (
        "no ground truth: AUC is not computed ('layer' seems a mask or layer of a product; "
        "--map_key layer uses it)"
    )
    assert read_scene(path, name="x", reading=ReadSettings(map_key="layer")).anomalies == 3
    with pytest.raises(SceneError, match=r"has no variable 'cloud', as --map_key"):
        read_scene(path, name="x", reading=ReadSettings(map_key="cloud"))


def test_a_product_as_the_map_is_refused_with_the_key(tmp_path: Path, cube: NDArray[Any]) -> None:
    np.savez(tmp_path / "x.npz", data=cube)
    np.savez(tmp_path / "p.npz", cloud=cube[..., 0] > 9, qa=cube[..., 0] > 99)
    reading = ReadSettings(map=str(tmp_path / "p.npz"))
    message = "'cloud' and 1 more seem masks or layers of a product; --map_key cloud uses it"
    with pytest.raises(SceneError, match=message):
        read_scene(tmp_path / "x.npz", name="x", reading=reading)
