"""No-data masks, and the notes on them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import SceneError
from data.metadata import NoData
from data.reading.nodata import mask_no_data, notes_on_doubtful_values

LEAST = float(np.finfo(np.float32).min)


def search(
    cube: NDArray[Any], *, fill: float | None = None, mask_scattered: bool = False
) -> tuple[list[tuple[int, int]], list[str]]:
    """Return the positions of the masked pixels, and the notes."""
    no_data = NoData(() if fill is None else (fill,))
    masked, notes = mask_no_data(cube, no_data=no_data, mask_scattered=mask_scattered, source="'x'")
    assert masked is None or (masked.shape == cube.shape[:2] and masked.any())
    doubts = notes_on_doubtful_values(cube, masked, no_data)
    return [] if masked is None else [
        (row, column) for row, column in np.argwhere(masked).tolist()
    ], [*notes, *doubts]


@pytest.mark.parametrize(
    ("dtype", "fill"),
    [("i2", -9999), ("u2", 0), ("u2", 65535), ("f4", LEAST), ("f4", -9999.9), ("f8", 1e30)]
    + [("f2", -9999), (">i2", -9999), ("u1", 255)],
)
def test_fill_values_of_every_type(cube: NDArray[Any], dtype: str, fill: float) -> None:
    values = (cube % 200 + 1).astype(dtype)
    values[0, 1] = values[12, 10] = fill
    assert search(values, fill=fill)[0] == [(0, 1), (12, 10)]
    (note,) = search(values, fill=fill)[1]
    assert note.startswith("2 of 143 pixels are masked: no-data value ") and "NaN" not in note
    assert note.endswith(" in all their bands")


@pytest.mark.parametrize(
    ("dtype", "fill"), [("u1", 300), ("u1", -1), ("u2", 0.5), ("f4", 1e300), ("f4", np.nan)]
)
def test_a_fill_value_that_the_type_cannot_hold_masks_nothing(
    cube: NDArray[Any], dtype: str, fill: float
) -> None:
    assert search((cube % 200 + 1).astype(dtype), fill=fill) == ([], [])


def test_nan_and_infinite_values_in_all_bands(cube: NDArray[Any]) -> None:
    values = cube.astype(np.float32)
    values[0, 0], values[0, 1], values[0, 2] = np.nan, np.inf, -np.inf
    values[0, 3] = (np.nan, np.inf, -np.inf, np.nan, np.nan)
    places, notes = search(values)
    assert places == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert notes == ["4 of 143 pixels are masked: NaN or infinite in all their bands"]


def test_pixels_of_nan_and_fill_value_together(cube: NDArray[Any]) -> None:
    values = cube.astype(np.float32)
    values[2, 3] = (np.nan, -1, -1, np.nan, -1)
    places, notes = search(values, fill=-1)
    assert places == [(2, 3)] and "no-data value -1 or NaN or infinite in all" in notes[0]


def test_scattered_nan_is_masked_only_when_asked_for(cube: NDArray[Any]) -> None:
    values = cube.astype(np.float32)
    values[5, 6, 2] = np.nan
    assert search(values) == ([], [])  # which the scene refuses
    places, notes = search(values, mask_scattered=True)
    assert places == [(5, 6)]
    assert notes == ["1 of 143 pixels are masked: NaN or infinite in any of their bands"]


def test_scattered_fill_values_are_refused_with_count_and_place(cube: NDArray[Any]) -> None:
    values = cube.astype(np.int16)
    values[0] = -9999
    values[5, 6, 2] = values[7, 0, 0] = -9999
    message = (
        "the cube has the no-data value -9999 in some bands of 2 otherwise valid pixels, "
        "the first at row 5, column 6 .*--nan mask"
    )
    with pytest.raises(SceneError, match=message):
        search(values, fill=-9999)
    assert len(search(values, fill=-9999, mask_scattered=True)[0]) == 13


def test_a_dark_band_is_no_fill_value(cube: NDArray[Any]) -> None:
    values = cube + 1
    values[..., 4] = 0
    values[0, 0] = 0
    for mask_scattered in (False, True):
        assert search(values, fill=0, mask_scattered=mask_scattered)[0] == [(0, 0)]


def test_bands_without_data_are_noted_with_the_selection_that_drops_them(
    cube: NDArray[Any],
) -> None:
    values = cube.astype(np.float32)
    values[..., 2] = np.nan
    values[0] = np.nan
    for mask_scattered in (False, True):
        with pytest.raises(SceneError, match=r"1 of 5 bands .*: 3; --bands 1-2,4-5 drops"):
            search(values, mask_scattered=mask_scattered)
    numbers = np.array([11, 12, 13, 14, 20])
    with pytest.raises(SceneError, match=r": 13; --bands 11-12,14,20 drops"):
        mask_no_data(values, no_data=NoData(), mask_scattered=False, source="'x'", numbers=numbers)
    values = cube.astype(np.int16)
    values[..., 4] = -1
    with pytest.raises(SceneError, match=r"1 of 5 bands .*: 5; --bands 1-4 drops"):
        search(values, fill=-1)


@pytest.mark.parametrize(
    ("dtype", "value", "text"),
    [("i2", -9999, "-9999"), ("u2", 0, "0"), ("f4", LEAST, "-3.4028235e+38"), ("f8", -0.5, "-0.5")],
)
def test_pixels_that_look_like_no_data_are_noted_with_the_option_that_masks_them(
    cube: NDArray[Any], dtype: str, value: float, text: str
) -> None:
    values = (cube + 1).astype(dtype)
    values[3] = value
    places, (note,) = search(values)
    assert places == []
    assert note.startswith(f"11 of 143 pixels are {text} in all bands") and "--nodata=" in note
    declared = float(note.partition("--nodata=")[2].split()[0])
    assert len(search(values, fill=declared)[0]) == 11


def test_a_second_fill_value_is_noted_next_to_the_masked_pixels(cube: NDArray[Any]) -> None:
    values = cube.astype(np.float32)
    values[0], values[1], values[2] = np.nan, -9999, np.inf
    places, (masked, alike) = search(values)
    assert len(places) == 22
    assert masked.startswith("22 of 143") and alike.startswith("11 of 143 pixels are -9999 in all")


def test_two_equal_bands_do_not_look_like_no_data(cube: NDArray[Any]) -> None:
    assert search(np.repeat(cube[..., :1], 2, axis=2)) == ([], [])


def test_infinite_values_are_not_counted_twice_for_a_fill_value_beyond_the_type(
    cube: NDArray[Any],
) -> None:
    values = cube.astype(np.float32)
    values[2, 3] = np.inf
    assert search(values, fill=1e300)[0] == [(2, 3)]


def test_pixels_that_the_file_masks_have_no_data_whatever_they_hold(cube: NDArray[Any]) -> None:
    declared = np.zeros(cube.shape[:2], bool)
    declared[0] = True
    values = cube.astype(np.int16)
    values[0, 0, 2] = values[5] = -1  # the one scattered fill value is in a masked pixel
    masked, notes = mask_no_data(
        values, no_data=NoData((-1,)), mask_scattered=False, source="", declared=declared
    )
    assert masked is not None and np.flatnonzero(masked.all(axis=1)).tolist() == [0, 5]
    assert notes == [
        "22 of 143 pixels are masked: no-data value -1 in all their bands, "
        "or in the file's own mask"
    ]
    masked, notes = mask_no_data(
        cube, no_data=NoData(), mask_scattered=False, source="", declared=declared
    )
    assert notes == ["11 of 143 pixels are masked: in the file's own mask"]


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("f4", "-9999"), ("i2", "-32768"), ("f4", "1e+20"), ("f4", "-3.4028235e+38")],
)
def test_usual_values_of_no_data_in_some_bands_are_noted_with_the_options_that_mask_them(
    dtype: str, value: str
) -> None:
    cube = np.arange(60).reshape(4, 5, 3).astype(dtype)
    cube[1, 2, 0] = cube[3, 0, 1] = np.float64(value)
    note = (
        f"2 of 20 pixels are {value} in some bands; if that means no data, "
        f"--nodata={value} --nan mask masks them"
    )
    assert search(cube) == ([], [note])
    assert search(cube, fill=float(value), mask_scattered=True)[0] == [(1, 2), (3, 0)]
    cube[cube == np.float64(value).astype(dtype)] = -5
    assert search(cube) == ([], [])


@pytest.mark.parametrize(
    ("dtype", "value"), [("f4", "3e+38"), ("f4", "-1e+16"), ("f8", "1e+300"), ("u2", "65535")]
)
def test_values_far_beyond_all_others_are_noted_with_their_place(dtype: str, value: str) -> None:
    cube = (1 + np.arange(600).reshape(10, 20, 3) % 50).astype(dtype)
    cube[7, 3, 1] = np.float64(value)
    masked, (note,) = search(cube)
    assert not masked
    assert note.startswith(
        f"1 of 200 pixels, the first at row 7, column 3 (from 0), have values up to {value}, over "
    )
    masked, notes = search(cube, fill=float(value), mask_scattered=True)
    assert masked == [(7, 3)] and len(notes) == 1
    cube[7, 3, 1] = 99 * 50
    assert search(cube) == ([], [])
