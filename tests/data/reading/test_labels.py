"""Labels of ground truths: values without a label, and shades of two classes."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from data.formats.contents import Variable
from data.metadata import Metadata
from data.reading.from_file import read_scene
from data.reading.labels import binary_labels, unlabelled_pixels
from data.reading.settings import ReadSettings
from data.scene import Scene


def unlabelled(values: Any, *, picture: str = "", fill: float | None = None) -> Any:
    """Return the values that are unlabelled."""
    truth = np.array([values])
    variable = Variable(
        truth.shape, truth.dtype, truth.copy, metadata=Metadata(fill=fill), picture=picture
    )
    found, notes = unlabelled_pixels(truth, variable, ReadSettings())
    assert (found is None) == (notes == [])
    return [] if found is None else truth[found].tolist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, -1], [-1]),
        ([0.0, 1.0, -1.0, -2.0], [-1, -2]),
        ([-1, 1], [-1]),
        ([0, 1, 255], [255]),
        ([0, 1, 255, -9999], [255, -9999]),
        ([0, 1, 2, 7, 255], [255]),
        ([0, 1, 254], [254]),
        ([0, 1, 65535], [65535]),
        ([0, 255], []),
        ([0, 65535], []),
        ([1, 255], []),
        ([0, 1, 2, 3], []),
        ([0, 128, 255], []),
        ([0.0, -1e-17, 0.5], []),  # no whole numbers, and so no labels
        ([False, True], []),
    ],
)
def test_values_without_a_label(values: Any, expected: list[float]) -> None:
    assert unlabelled(values) == expected


def test_pictures_and_declared_values() -> None:
    assert unlabelled([0, 1, 255], picture="grey") == [255]
    assert unlabelled([0, 1, 2, 255], picture="grey") == []  # as compression leaves them
    assert unlabelled([0, 1, 255], picture="classes") == []
    assert unlabelled([0, 1, 2, -9999], fill=-9999) == [-9999]
    assert unlabelled([0, 1, 255, 300], fill=300) == [255, 300]


@pytest.mark.parametrize(
    ("values", "picture", "expected"),
    [
        ([0, 100, 127, 128, 255], "grey", [0, 0, 0, 1, 1]),
        ([0, 1, 3, 250, 253], "", [0, 0, 0, 1, 1]),
        ([0.0, 0.3, 0.5, 0.9], "", [0, 0, 1, 1]),
        ([0, 20000, 40000, 65535], "grey", [0, 0, 1, 1]),
        ([-1e-17, 0.2, 1.0], "", [0, 0, 1]),
        ([0, 30, 70], "grey", [0, 0, 1]),
        ([0, 30, 70], "", [0, 30, 70]),
        ([0, 1, 2, 3], "grey", [0, 1, 2, 3]),
        ([0, 255], "grey", [0, 255]),
        ([0.0, 0.2], "", [0, 0.2]),
        ([0, 9, 255], "classes", [0, 9, 255]),
        (list(range(240)), "grey", list(range(240))),  # numbers of objects
        (list(range(256)), "", [0] * 128 + [1] * 128),
    ],
)
def test_shades_are_divided_at_half_of_the_largest(
    values: Any, picture: str, expected: list[float]
) -> None:
    found, notes = binary_labels(np.array([values]), None, picture)
    assert found.tolist() == [expected]
    assert (notes == []) == (values == expected)


def test_the_note_on_shades_counts_both() -> None:
    truth = np.array([[0, 0, 0.25, 0.5, 1.0, -9]])
    found, (note,) = binary_labels(truth, truth == -9, "")
    assert found.tolist() == [[0, 0, 0, 1, 1, 0]]
    assert note == (
        "the ground truth has 4 values from 0 to 1, shades rather than labels: the 2 pixels of at "
        "least 0.5, half of the largest, are anomalous, not all 3 that are not 0 (save it as 0 and "
        "1 to decide otherwise)"
    )


def mask() -> NDArray[np.uint8]:
    truth = np.zeros((40, 32), np.uint8)
    truth[5:8, 6:9] = truth[20:23, 15:19] = 255
    return truth


def compressed(picture: Image.Image) -> Image.Image:
    """Return a picture as JPEG leaves it."""
    held = BytesIO()
    picture.save(held, "JPEG", quality=75)
    return Image.open(held)


def resized(picture: Image.Image) -> Image.Image:
    """Return a picture as enlarging and reducing leave it."""
    large = picture.resize((4 * picture.width, 4 * picture.height), Image.Resampling.BILINEAR)
    return large.resize(picture.size, Image.Resampling.BILINEAR)


def scene_with(path: Path, truth: Path) -> Scene:
    cube = np.random.default_rng(0).random((40, 32, 4))
    savemat(path, {"data": cube})
    return read_scene(path, name="x", reading=ReadSettings(map=str(truth)))


@pytest.mark.parametrize("spoil", [compressed, resized])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "red", "I;16"])
def test_spoilt_pictures_have_the_anomalies_of_the_exact_one(
    tmp_path: Path, spoil: Any, mode: str
) -> None:
    picture = spoil(Image.fromarray(mask()))
    assert len(np.unique(np.asarray(picture))) > 2
    grey = np.asarray(picture)
    if mode == "red":
        picture = Image.fromarray(np.stack([grey, 0 * grey, 0 * grey], axis=2))
    elif mode == "I;16":
        picture = Image.fromarray(grey.astype(np.uint16) * 257)
    else:
        picture = picture.convert(mode)
    picture.save(tmp_path / "truth.png")
    scene = scene_with(tmp_path / "x.mat", tmp_path / "truth.png")
    np.testing.assert_array_equal(scene.anomalous, mask() > 0)
    assert any("shades rather than labels: the 21 pixels" in note for note in scene.notes)
    assert (
        scene.remarks[-1] == "ground truth: 21 of 1,280 pixels anomalous (values 0: 1,259, 1: 21)"
    )


def test_the_values_of_a_spoilt_picture_in_an_array(tmp_path: Path) -> None:
    np.save(tmp_path / "truth.npy", np.asarray(compressed(Image.fromarray(mask()))) / 255)
    scene = scene_with(tmp_path / "x.mat", tmp_path / "truth.npy")
    np.testing.assert_array_equal(scene.anomalous, mask() > 0)


def test_unlabelled_pixels_are_neither_class(tmp_path: Path) -> None:
    labels = (mask() > 0).astype(np.int16)
    labels[:3] = -1
    np.save(tmp_path / "truth.npy", labels)
    scene = scene_with(tmp_path / "x.mat", tmp_path / "truth.npy")
    assert scene.anomalies == 21 and int(scene.evaluated.sum()) == 37 * 32
    assert scene.remarks[-2:] == (
        "96 of 1,280 pixels of the ground truth are unlabelled (value -1): measures ignore them",
        "ground truth: 21 of 1,184 pixels anomalous (values 0: 1,163, 1: 21), 96 unlabelled",
    )


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (mask() // 255, "21 of 1,280 pixels anomalous (values 0: 1,259, 1: 21)"),
        (1 - mask() // 255, "1,259 of 1,280 pixels anomalous (values 0: 21, 1: 1,259)"),
        (
            (mask() // 255) * np.arange(1, 33, dtype=np.uint8),
            "21 of 1,280 pixels anomalous, all that are not 0 (values 0: 1,259, 7: 3, 8: 3, 9: 3, "
            "16: 3, 17: 3, 18: 3, 19: 3)",
        ),
        (mask() * 0, "0 of 1,280 pixels anomalous (values 0: 1,280)"),
    ],
)
def test_anomalous_pixels_and_values_are_stated(
    tmp_path: Path, values: NDArray[np.uint8], line: str
) -> None:
    np.save(tmp_path / "truth.npy", values)
    scene = scene_with(tmp_path / "x.mat", tmp_path / "truth.npy")
    assert scene.remarks[-1] == f"ground truth: {line}"
    swapped = [note for note in scene.notes if "background has to be 0" in note]
    assert len(swapped) == (values.mean() > 0.5)
    if swapped:
        assert swapped[0].startswith("98% of the ground truth is not 0, and so anomalous")
