"""Variables of one band each, which are stacked to a cube."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from data.errors import SceneError
from data.reading.band_names import find_bands
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings


def savez(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write named arrays."""
    np.savez(path, **arrays)


CUBE = np.random.default_rng(0).integers(1, 4000, (6, 5, 12)).astype(np.int16)


def named(pattern: str, cube: NDArray[Any] = CUBE) -> dict[str, NDArray[Any]]:
    """Return the bands of a cube, in an order that is not theirs, named by their numbers from 1."""
    bands = {pattern.format(band + 1): cube[..., band] for band in range(cube.shape[2])}
    return dict(sorted(bands.items()))


@pytest.mark.parametrize("pattern", ["B{:02}", "band_{}", "b{}_refl", "Band{}", "img_2024_{}"])
def test_bands_are_stacked_in_the_order_of_their_numbers(tmp_path: Path, pattern: str) -> None:
    savemat(tmp_path / "x.mat", {**named(pattern), "gt": np.eye(6, 5)})
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, band in named(pattern).items():
            file[f"group/{name}"] = band[None]  # at one time
    for name in ("x.mat", "x.h5"):
        scene = read_scene(tmp_path / name, name="x")
        np.testing.assert_array_equal(scene.cube, CUBE)
        assert any("12 bands, each stored by itself, are stacked" in note for note in scene.notes)
    savez(tmp_path / "x.npz", {**named(pattern), "gt": np.eye(6, 5)})
    truth = read_scene(tmp_path / "x.npz", name="x").truth
    assert truth is not None and truth.sum() == 5


def test_wavelengths_in_the_names(tmp_path: Path) -> None:
    lengths = [450, 1000.5, 2100]
    bands = {f"rhos_{length}": CUBE[..., index] for index, length in enumerate(lengths)}
    savez(tmp_path / "x.npz", bands)
    metadata = read_scene(tmp_path / "x.npz", name="x").metadata
    assert metadata.wavelengths is not None and metadata.wavelengths.tolist() == lengths


def test_two_sets_of_bands_are_named(tmp_path: Path) -> None:
    savez(tmp_path / "x.npz", named("a{}") | named("b{}", CUBE * 2))
    with pytest.raises(SceneError, match=r"several .*: a\* 6×5×12, b\* 6×5×12; name yours"):
        read_scene(tmp_path / "x.npz", name="x")
    scene = read_scene(tmp_path / "x.npz", name="x", reading=ReadSettings(data_key="b*"))
    np.testing.assert_array_equal(scene.cube, CUBE * 2)


def test_bands_of_different_sizes_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", B1=CUBE[..., 0], B2=CUBE[..., 1], B3=CUBE[:3, :, 2])
    with pytest.raises(SceneError, match=r"differ in size: 'B1' is 6×5, 'B3' 3×5; resample"):
        read_scene(tmp_path / "x.npz", name="x")


def test_ground_truths_are_no_bands(tmp_path: Path) -> None:
    savez(tmp_path / "x.npz", named("gt{}"))
    with pytest.raises(SceneError, match="no cube"):
        read_scene(tmp_path / "x.npz", name="x")


@pytest.mark.parametrize(
    ("names", "expected", "units"),
    [
        (["B10", "B2", "B8A", "B8", "B9"], ["B2", "B8", "B8A", "B9", "B10"], ""),
        (["x_2020_B1_r", "x_2020_B3_r", "x_2020_B2_r"], None, ""),
        (["s_550nm", "s_1450nm", "s_450.5nm"], ["s_450.5nm", "s_550nm", "s_1450nm"], "nm"),
        (["B1_0.9um", "B2_0.7um", "B3_0.5um"], ["B1_0.9um", "B2_0.7um", "B3_0.5um"], "um"),
        (["R450", "R2000", "R900"], ["R450", "R900", "R2000"], "nm"),
        (["r1", "r2", "r3"], None, ""),
    ],
)
def test_names_are_sorted_as_people_number_them(
    names: list[str], expected: list[str] | None, units: str
) -> None:
    (bands,) = find_bands(names)
    assert list(bands.names) == (expected or sorted(names)) and bands.units == units


@pytest.mark.parametrize(
    "names",
    [
        ["a1", "a2"],
        ["20240101_B1", "20240101_B2", "20240102_B1", "20240102_B2"],
        ["x1y2", "x2y3", "x3y1"],
        ["red", "green", "blue"],
    ],
)
def test_names_without_one_order_are_no_bands(names: list[str]) -> None:
    assert find_bands(names) == []


def test_numbers_that_are_left_out_are_noted(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", B1=CUBE[..., 0], B2=CUBE[..., 1], B5=CUBE[..., 2])
    assert any("left out: 3, 4" in note for note in read_scene(tmp_path / "x.npz", name="x").notes)
