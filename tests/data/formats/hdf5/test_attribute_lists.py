"""Wavelengths in attributes, as products store them that are not known by name."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from data.reading.from_file import read_scene

CUBE = np.random.default_rng(0).integers(1, 4000, (4, 6, 5)).astype(np.uint16)  # bands first
LENGTHS = [450.0, 550.0, 650.0, 2500.0]
PLACE = "HDFEOS/SWATHS/HYP/Data Fields"


@pytest.mark.parametrize("owner", [f"{PLACE}/surface_reflectance", PLACE, "HDFEOS", "/"])
@pytest.mark.parametrize(
    "attributes",
    [
        {"wavelengths": LENGTHS, "fwhm": [5.0] * 4},
        {"Wavelength": np.array(LENGTHS) / 1000, "FWHM": [0.005] * 4, "wavelength_units": "um"},
        {"Wavelength_nm": LENGTHS, "bandwidths": [5.0] * 4},
    ],
)
def test_wavelengths_are_read_from_attributes(
    tmp_path: Path, owner: str, attributes: dict[str, Any]
) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file[f"{PLACE}/surface_reflectance"] = CUBE
        file[f"{PLACE}/surface_reflectance_uncertainty"] = np.zeros(CUBE.shape)
        file[owner].attrs.update(attributes)
    scene = read_scene(tmp_path / "x.h5", name="x")
    np.testing.assert_array_equal(scene.cube, CUBE.transpose(1, 2, 0))
    assert scene.metadata.wavelengths is not None and scene.metadata.fwhm is not None
    np.testing.assert_allclose(scene.metadata.wavelengths, LENGTHS)
    np.testing.assert_allclose(scene.metadata.fwhm, 5)


def test_lists_of_another_length_are_not_used(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["data"] = CUBE
        file.attrs["wavelengths"] = [450.0, 550.0]
        file["data"].attrs["wavelength"] = "450-2500 nm"
    assert read_scene(tmp_path / "x.h5", name="x").metadata.wavelengths is None
