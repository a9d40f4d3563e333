"""Pictures that hold a truth: what is black is background."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data.errors import SceneError
from data.formats.registry import read_contents

RED, BLUE, WHITE, BLACK = (255, 0, 0), (0, 0, 143), (255, 255, 255), (0, 0, 0)


def values_of(path: Path) -> NDArray[Any]:
    contents = read_contents(path)
    assert contents.format == "PNG/BMP"
    (variable,) = contents.variables.values()
    values = variable.read()
    assert (values.shape, values.dtype) == (variable.shape, variable.dtype)
    return values


def saved(path: Path, values: NDArray[Any], mode: str | None = None) -> Path:
    image = Image.fromarray(values)
    (image if mode is None else image.convert(mode)).save(path)
    return path


@pytest.mark.parametrize("ending", ["png", "bmp"])
@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P"])
def test_black_and_white_is_the_truth(
    tmp_path: Path, truth: NDArray[np.uint8], mode: str, ending: str
) -> None:
    values = values_of(saved(tmp_path / f"x.{ending}", truth * np.uint8(255), mode))
    assert values.shape == truth.shape
    np.testing.assert_array_equal(values != 0, truth != 0)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_opaque_pictures_are_read_as_those_without_transparency(
    tmp_path: Path, truth: NDArray[np.uint8], mode: str
) -> None:
    values = values_of(saved(tmp_path / "x.png", truth * np.uint8(255), mode))
    np.testing.assert_array_equal(values, truth * 255)


def test_what_is_transparent_is_background(tmp_path: Path, truth: NDArray[np.uint8]) -> None:
    """Whatever colour is kept below, as programs do that draw on layers."""
    values = np.full((*truth.shape, 4), 255, np.uint8)
    values[..., 3] = truth * 255
    np.testing.assert_array_equal(values_of(saved(tmp_path / "x.png", values)), truth * 255)


def test_the_values_of_grey_pictures_are_kept(tmp_path: Path) -> None:
    classes = np.array([[0, 1, 2], [3, 200, 255]], np.uint8)
    np.testing.assert_array_equal(values_of(saved(tmp_path / "x.png", classes)), classes)
    deep = np.array([[0, 1, 2], [300, 4000, 65535]], np.uint16)
    np.testing.assert_array_equal(values_of(saved(tmp_path / "deep.png", deep)), deep)


def test_the_strongest_colour_counts(tmp_path: Path) -> None:
    """Red, green and blue objects all differ from black, however dark."""
    values = np.array([[BLACK, RED, (0, 9, 0), (0, 0, 3)]], np.uint8)
    assert values_of(saved(tmp_path / "x.png", values)).tolist() == [[0, 255, 9, 3]]


@pytest.mark.parametrize(
    ("palette", "places", "expected"),
    [
        ([BLACK, WHITE], [0, 1, 0], [0, 255, 0]),
        ([WHITE, BLACK], [0, 1, 1], [255, 0, 0]),  # black is background in any place
        ([BLACK, RED, BLUE], [0, 1, 2], [0, 255, 143]),
        ([BLUE, RED, WHITE], [0, 1, 2], [0, 1, 2]),  # false colours: the first is background
        ([BLUE, RED, BLACK], [0, 1, 0], [0, 1, 0]),  # black that is nowhere does not count
    ],
)
def test_palettes_count_by_colour_where_there_is_black_else_by_place(
    tmp_path: Path, palette: Any, places: list[int], expected: list[int]
) -> None:
    image = Image.new("P", (len(places), 1))
    image.putpalette([part for colour in palette for part in colour])
    image.putdata(places)
    image.save(tmp_path / "x.png")
    assert values_of(tmp_path / "x.png").tolist() == [expected]


def bitmap(values: NDArray[np.uint8], *, top_down: bool) -> bytes:
    """A grey BMP by hand, rows in either order, each filled up to four bytes."""
    height, width = values.shape
    filled = np.zeros((height, -(-width // 4) * 4), np.uint8)
    filled[:, :width] = values if top_down else values[::-1]
    palette = b"".join(bytes((grey, grey, grey, 0)) for grey in range(256))
    start = 14 + 40 + len(palette)
    signed = -height if top_down else height
    return (
        struct.pack("<2sIHHI", b"BM", start + filled.size, 0, 0, start)
        + struct.pack("<IiiHHIIiiII", 40, width, signed, 1, 8, 0, filled.size, 0, 0, 256, 0)
        + palette
        + filled.tobytes()
    )


@pytest.mark.parametrize("top_down", [False, True])
def test_bitmaps_are_read_from_either_end(
    tmp_path: Path, truth: NDArray[np.uint8], top_down: bool
) -> None:
    (tmp_path / "x.bmp").write_bytes(bitmap(truth * np.uint8(255), top_down=top_down))
    np.testing.assert_array_equal(values_of(tmp_path / "x.bmp"), truth * 255)


@pytest.mark.parametrize("ending", ["png", "bmp"])
def test_wherever_a_picture_is_cut_off_it_is_refused(tmp_path: Path, ending: str) -> None:
    values = np.random.default_rng(0).integers(0, 255, (20, 30)).astype(np.uint8)
    path = saved(tmp_path / f"x.{ending}", values)
    content = path.read_bytes()
    for length in range(18, len(content) - 20, 37):
        path.write_bytes(content[:length])
        with pytest.raises(SceneError, match=r"x\.\w+' is damaged or no PNG/BMP file") as error:
            read_contents(path)
        assert "\n" not in str(error.value)


def kind_of(path: Path) -> str:
    """Return "grey" or "classes"."""
    (variable,) = read_contents(path).variables.values()
    return variable.picture


@pytest.mark.parametrize(
    ("colours", "kind"),
    [
        ([BLACK, RED, (128, 0, 0), (64, 0, 0)], "grey"),
        ([BLACK, WHITE, (9, 9, 9)], "grey"),
        ([BLACK, (255, 255, 0), (70, 70, 0)], "grey"),
        ([BLACK, RED, BLUE, (0, 64, 0)], "classes"),
        ([BLACK, RED, (254, 0, 1), (1, 0, 0)], "grey"),  # as compression leaves red
        ([(shade, 255 - shade, 9) for shade in range(0, 200, 10)], "grey"),
    ],
)
def test_shades_and_classes_are_distinguished(tmp_path: Path, colours: Any, kind: str) -> None:
    assert kind_of(saved(tmp_path / "x.png", np.array([colours], np.uint8))) == kind


def test_false_colours_are_classes_and_single_bands_grey(tmp_path: Path) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([part for colour in (BLUE, RED, WHITE) for part in colour])
    image.putdata([0, 1, 2])
    image.save(tmp_path / "x.png")
    assert kind_of(tmp_path / "x.png") == "classes"
    assert kind_of(saved(tmp_path / "y.png", np.array([[0, 1, 2]], np.uint8))) == "grey"


def test_half_transparent_edges_are_half_as_bright(tmp_path: Path) -> None:
    values = np.full((1, 4, 4), 255, np.uint8)
    values[0, :, 3] = (0, 51, 204, 255)
    path = saved(tmp_path / "x.png", values)
    assert values_of(path).tolist() == [[0, 51, 204, 255]] and kind_of(path) == "grey"
