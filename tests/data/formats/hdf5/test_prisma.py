"""PRISMA's products, as they are delivered."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings
from data.scene import Scene

VNIR = np.array([700.0, 600.0, 500.0, 400.0])
SWIR = np.array([2500.0, 1500.0, 680.0])
rng = np.random.default_rng(0)
CUBES = {
    "VNIR": rng.integers(1, 65536, (6, 4, 5)).astype(np.uint16),  # rows, bands, columns
    "SWIR": rng.integers(1, 65536, (6, 3, 5)).astype(np.uint16),
}
# the bands of both, VNIR first, by wavelength: 400, 500, 600, 680, 700, 1500, 2500 nm
ORDER = [3, 2, 1, 6, 0, 5, 4]
BOTH = np.concatenate(list(CUBES.values()), axis=1).transpose(0, 2, 1)[..., ORDER]


def write(path: Path, *, level: str = "L2D", attributes: Mapping[str, Any] | None = None) -> Path:
    """Write a product with its error matrices, places and masks."""
    with h5py.File(path, "w") as file:
        fields = file.create_group(f"HDFEOS/SWATHS/PRS_{level}_HCO/Data Fields")
        for name, cube in CUBES.items():
            fields[f"{name}_Cube"] = cube
            fields[f"{name}_PIXEL_{level[:2]}_ERR_MATRIX"] = np.zeros(cube.shape, np.uint8)
        fields["CLOUD_MASK"] = np.eye(6, 5, dtype=np.uint8)
        file[f"HDFEOS/SWATHS/PRS_{level}_PCO/Data Fields/Cube"] = np.zeros((36, 30), np.uint16)
        file["HDFEOS/SWATHS/PRS/Geolocation Fields/Latitude"] = np.eye(6, 5)
        file.attrs.update({"List_Cw_Vnir": VNIR, "List_Cw_Swir": SWIR, **(attributes or {})})
    return path


def read(path: Path, **reading: Any) -> Scene:
    """Read the scene of a file."""
    return read_scene(path, name="x", reading=ReadSettings(**reading))


def test_both_cubes_are_joined_in_the_order_of_wavelengths(tmp_path: Path) -> None:
    widths = {"List_Fwhm_Vnir": VNIR / 50, "List_Fwhm_Swir": SWIR / 50}
    scene = read(write(tmp_path / "x.he5", attributes=widths))
    np.testing.assert_array_equal(scene.cube, BOTH)
    wavelengths, fwhm = scene.metadata.wavelengths, scene.metadata.fwhm
    assert wavelengths is not None and fwhm is not None
    assert wavelengths.tolist() == [400, 500, 600, 680, 700, 1500, 2500]
    np.testing.assert_allclose(fwhm, wavelengths / 50)
    assert scene.truth is None and scene.metadata.georeference is None
    assert any("overlap in the bands 4 to 5 (680–700 nm)" in note for note in scene.notes)


@pytest.mark.parametrize(("name", "wavelengths"), [("VNIR", VNIR), ("SWIR", SWIR)])
def test_one_cube_is_read_in_its_own_order(
    tmp_path: Path, name: str, wavelengths: NDArray[Any]
) -> None:
    scene = read(write(tmp_path / "x.he5"), data_key=f"{name}_Cube")
    np.testing.assert_array_equal(scene.cube, CUBES[name].transpose(0, 2, 1))
    assert scene.metadata.wavelengths is not None
    np.testing.assert_array_equal(scene.metadata.wavelengths, wavelengths)


def test_bands_without_a_wavelength_are_dropped(tmp_path: Path) -> None:
    path = write(tmp_path / "x.he5", attributes={"List_Cw_Vnir": [700.0, 0.0, 500.0, 0.0]})
    scene = read(path)
    np.testing.assert_array_equal(scene.cube, BOTH[..., [1, 3, 4, 5, 6]])
    assert any("bands of the VNIR without a wavelength are dropped: 2" in n for n in scene.notes)
    np.testing.assert_array_equal(
        read(path, data_key="VNIR_Cube").cube, CUBES["VNIR"][:, ::2].transpose(0, 2, 1)
    )


def test_scales_that_differ_are_applied_and_no_data_is_masked(tmp_path: Path) -> None:
    scales = {"L2ScaleVnirMin": 0.0, "L2ScaleVnirMax": 1.0}
    scales |= {"L2ScaleSwirMin": 0.1, "L2ScaleSwirMax": 0.6}
    path = write(tmp_path / "x.he5", attributes=scales)
    with h5py.File(path, "r+") as file:
        for name in CUBES:
            file[f"HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields/{name}_Cube"][2, :, 3] = 0
    scene = read(path)
    swir = BOTH[..., [3, 5, 6]] * (0.5 / 65535) + 0.1
    valid = np.ones((6, 5), bool)
    valid[2, 3] = False
    assert scene.masked is not None
    np.testing.assert_array_equal(scene.masked, ~valid)
    np.testing.assert_allclose(scene.cube[..., [3, 5, 6]][valid], swir[valid], rtol=1e-6)
    np.testing.assert_allclose(scene.cube[valid][:, 0], BOTH[valid][:, 0] / 65535, rtol=1e-6)


def test_one_scale_of_both_is_metadata(tmp_path: Path) -> None:
    scales = {
        f"L2Scale{name}{end}": value
        for name in ("Vnir", "Swir")
        for end, value in (("Min", 0.0), ("Max", 0.5))
    }
    scene = read(write(tmp_path / "x.he5", attributes=scales))
    np.testing.assert_array_equal(scene.cube, BOTH)
    assert scene.metadata.gain == 0.5 / 65535 and scene.metadata.offset == 0


def test_radiances_of_level_1(tmp_path: Path) -> None:
    scales = {
        "ScaleFactor_Vnir": 100.0,
        "Offset_Vnir": 1.0,
        "ScaleFactor_Swir": 100.0,
        "Offset_Swir": 0.0,
    }
    scene = read(write(tmp_path / "x.he5", level="L1", attributes=scales))
    np.testing.assert_allclose(scene.cube[..., 0], BOTH[..., 0] / 100 - 1, rtol=1e-5)
    np.testing.assert_allclose(scene.cube[..., 6], BOTH[..., 6] / 100, rtol=1e-5)
    assert scene.truth is None  # the mask of clouds is none


@pytest.mark.parametrize("half", [15, 0])
def test_the_corners_are_centres_or_edges_of_pixels_of_30_m(tmp_path: Path, half: int) -> None:
    corners = {"ULcorner_easting": 5e5 + half, "LRcorner_easting": 5e5 + 150 - half}
    corners |= {"ULcorner_northing": 4e6 - half, "LRcorner_northing": 4e6 - 180 + half}
    place = {f"Product_{name}": value for name, value in corners.items()}
    scene = read(write(tmp_path / "x.he5", attributes={**place, "Epsg_Code": 32633}))
    georeference = scene.metadata.georeference
    assert georeference is not None and georeference.crs is not None
    assert georeference.transform == (30, 0, 5e5, 0, -30, 4e6)
    assert georeference.crs.to_epsg() == 32633


def test_a_file_with_one_cube_or_without_wavelengths(tmp_path: Path) -> None:
    path = write(tmp_path / "x.he5")
    with h5py.File(path, "r+") as file:
        del file["HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields/SWIR_Cube"]
    np.testing.assert_array_equal(read(path).cube, CUBES["VNIR"].transpose(0, 2, 1))
    with h5py.File(path, "r+") as file:
        del file.attrs["List_Cw_Vnir"]
    scene = read(path)
    np.testing.assert_array_equal(scene.cube, CUBES["VNIR"].transpose(0, 2, 1))
    assert scene.metadata.wavelengths is None
