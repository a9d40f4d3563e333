"""NEON's reflectance, as it is delivered."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings

CUBE = np.random.default_rng(0).integers(1, 9000, (6, 5, 4)).astype(np.int16)
WAVELENGTHS = np.array([383.9, 388.9, 1400.0, 2500.0])
MAP_INFO = (
    b"UTM,  1.000,  1.000,       452000.00,       4432000.0,  1.0000000,  1.0000000,  13,  "
    b"North,  WGS-84,  units=Meters, 0"
)


def write(path: Path, **place: Any) -> Path:
    """Write a product with layers of the sun, of quality and of the ground."""
    with h5py.File(path, "w") as file:
        group = file.create_group("NIWO/Reflectance")
        data = group.create_dataset("Reflectance_Data", data=CUBE, chunks=(3, 5, 2))
        data.attrs.update({"Data_Ignore_Value": -9999.0, "Scale_Factor": 10000.0})
        group["Metadata/Spectral_Data/Wavelength"] = WAVELENGTHS
        group["Metadata/Spectral_Data/Wavelength"].attrs["Units"] = "nanometers"
        group["Metadata/Spectral_Data/FWHM"] = WAVELENGTHS / 50
        images = group.create_group("Metadata/Ancillary_Imagery")
        images["Weather_Quality_Indicator"] = np.zeros((6, 5, 3), np.uint8)
        images["Cast_Shadow"] = np.eye(6, 5, dtype=np.uint8)
        images["Haze_Cloud_Water_Map"] = np.eye(6, 5, dtype=np.uint8)
        group["Metadata/Logs/Solar_Azimuth_Angle"] = 150.0
        group["Metadata/to-sensor_Zenith_Angle"] = np.eye(6, 5)
        for name, value in place.items():
            group[f"Metadata/Coordinate_System/{name.replace('EPSG_', 'EPSG ')}"] = value
    return path


def test_reflectance_with_its_metadata(tmp_path: Path) -> None:
    path = write(tmp_path / "x.h5", Map_Info=MAP_INFO, EPSG_Code=b"32613")
    with h5py.File(path, "r+") as file:
        file["NIWO/Reflectance/Reflectance_Data"][0, 1] = -9999
        file["NIWO/Reflectance"].attrs["Band_Window_1_Nanometers"] = [1340, 1445]
    scene = read_scene(path, name="x")
    metadata = scene.metadata
    np.testing.assert_array_equal(scene.cube[1:], CUBE[1:])
    assert scene.masked is not None and scene.truth is None
    assert np.argwhere(scene.masked).tolist() == [[0, 1]]
    assert metadata.wavelengths is not None and metadata.fwhm is not None
    np.testing.assert_array_equal(metadata.wavelengths, WAVELENGTHS)
    np.testing.assert_array_equal(metadata.fwhm, WAVELENGTHS / 50)
    assert metadata.gain == 1e-4 and metadata.fill == -9999
    assert metadata.georeference is not None and metadata.georeference.crs is not None
    assert metadata.georeference.transform == (1, 0, 452000, 0, -1, 4432000)
    assert metadata.georeference.crs.to_epsg() == 32613
    assert any("1340–1445 nm unusable" in note for note in scene.notes)
    assert not any("assumed to be" in note for note in scene.notes)
    assert not any("not applied" in note for note in scene.notes)  # as the scale is


def test_the_zone_of_the_map_info_is_enough(tmp_path: Path) -> None:
    georeference = read_scene(write(tmp_path / "x.h5", Map_Info=MAP_INFO), name="x").metadata
    assert georeference.georeference is not None and georeference.georeference.crs is not None
    assert georeference.georeference.crs.to_epsg() == 32613


@pytest.mark.parametrize("place", [{}, {"Map_Info": b"damaged"}, {"Map_Info": 3.0}])
def test_without_a_place(tmp_path: Path, place: dict[str, Any]) -> None:
    scene = read_scene(write(tmp_path / "x.h5", **place), name="x")
    np.testing.assert_array_equal(scene.cube, CUBE)
    assert scene.metadata.georeference is None


def test_a_layer_is_a_ground_truth_where_it_is_named(tmp_path: Path) -> None:
    reading = ReadSettings(map_key="Cast_Shadow")
    scene = read_scene(write(tmp_path / "x.h5"), name="x", reading=reading)
    assert scene.anomalies == 5
