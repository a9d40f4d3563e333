"""Values of NetCDF arrays: sign, scale and no-data values as their attributes declare them."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import SceneError
from data.reading.from_file import read_scene
from data.reading.settings import DEFAULTS, ReadSettings
from data.scene import Scene

UNSIGNED = np.random.default_rng(0).integers(100, 60_000, (6, 5, 4)).astype(np.uint16)
PACKED = np.random.default_rng(1).integers(0, 10_000, (6, 5, 4)).astype(np.int16)
PACKED[0, 0], PACKED[1, 1], PACKED[2, 2, 1] = -9999, -32768, -5
MASK = ReadSettings(nan="mask")


def write(path: Path, values: NDArray[Any], names: str = "y x band", **attributes: Any) -> None:
    """Write a cube with named dimensions and these attributes."""
    with h5py.File(path, "w") as file:
        cube = file.create_dataset("radiance", data=values)
        for axis, name in enumerate(names.split()):
            file[name] = np.arange(values.shape[axis])
            file[name].make_scale(name)
            cube.dims[axis].attach_scale(file[name])
        cube.attrs.update(attributes)


def scene_of(
    folder: Path,
    values: NDArray[Any],
    reading: ReadSettings = DEFAULTS,
    names: str = "y x band",
    **attributes: Any,
) -> Scene:
    """Write a cube and read it as a scene."""
    write(folder / "x.nc", values, names, **attributes)
    return read_scene(folder / "x.nc", name="x", reading=reading)


@pytest.mark.parametrize("word", ["true", "True", np.bytes_(b"true"), np.int8(1)])
def test_numbers_without_sign_are_read_so(tmp_path: Path, word: Any) -> None:
    stored = UNSIGNED.view(np.int16)
    scene = scene_of(tmp_path, stored, _Unsigned=word, scale_factor=0.001)
    assert scene.cube.dtype == np.uint16 and scene.metadata.gain == 0.001
    np.testing.assert_array_equal(scene.cube[:], UNSIGNED)


def test_numbers_with_sign_and_words_that_say_nothing(tmp_path: Path) -> None:
    signed = scene_of(tmp_path, UNSIGNED, _Unsigned="false")
    np.testing.assert_array_equal(signed.cube[:], UNSIGNED.view(np.int16))
    scene = scene_of(tmp_path, UNSIGNED, _Unsigned="maybe\x1b")
    np.testing.assert_array_equal(scene.cube[:], UNSIGNED)
    assert any("'_Unsigned' is neither true nor false" in note for note in scene.notes)
    assert all(note.isprintable() for note in scene.notes)


@pytest.mark.parametrize("fill", [np.int16(-1), np.uint16(65535), "-1", np.float64(65535)])
def test_the_no_data_value_of_unsigned_numbers_has_either_sign(tmp_path: Path, fill: Any) -> None:
    values = UNSIGNED.copy()
    values[0, 0] = 65535
    scene = scene_of(tmp_path, values.view(np.int16), _Unsigned="true", _FillValue=fill)
    assert scene.masked is not None and np.argwhere(scene.masked).tolist() == [[0, 0]]
    assert scene.metadata.fill == 65535


def test_the_no_data_value_of_signed_numbers_may_be_written_without_sign(tmp_path: Path) -> None:
    values = UNSIGNED.copy()
    values[0, 0] = 32768
    scene = scene_of(tmp_path, values, _Unsigned="false", _FillValue=np.uint16(32768))
    assert scene.masked is not None and np.argwhere(scene.masked).tolist() == [[0, 0]]
    assert scene.metadata.fill == -32768


@pytest.mark.parametrize(
    "attributes",
    [
        {"missing_value": np.array([-9999, -32768], np.int16)},
        {"missing_value": "-9999, -32768"},
        {"_FillValue": np.int16(-32768), "missing_value": np.float64(-9999)},
        {"_FillValue": "-32768s", "Data_Ignore_Value": np.int32(-9999)},
    ],
)
def test_all_no_data_values_count(tmp_path: Path, attributes: dict[str, Any]) -> None:
    scene = scene_of(tmp_path, PACKED, **attributes)
    assert scene.masked is not None and np.argwhere(scene.masked).tolist() == [[0, 0], [1, 1]]
    assert scene.range[0] == -5


def test_values_outside_of_the_valid_range_are_no_data(tmp_path: Path) -> None:
    attributes: dict[str, Any] = {"valid_range": np.array([0, 20_000], np.int16)}
    with pytest.raises(SceneError, match="outside of 0 to 20000 in some bands of 1 otherwise .* -"):
        scene_of(tmp_path, PACKED, **attributes)
    scene = scene_of(tmp_path, PACKED, MASK, **attributes)
    assert scene.masked is not None and scene.masked.sum() == 3 and scene.range[0] >= 0
    assert any("its valid range is 0 to 20000" in note for note in scene.notes)
    overridden = scene_of(tmp_path, PACKED, ReadSettings(nodata=-9999), **attributes)
    assert overridden.masked is not None and overridden.masked.sum() == 1


@pytest.mark.parametrize(
    ("attributes", "masked"),
    [
        ({"valid_min": np.int16(-5)}, 2),
        ({"valid_min": np.int16(-4)}, 3),
        ({"valid_max": np.int16(-4)}, 28),  # all but the pixels that lie below in all bands
        ({"valid_min": np.float32(-0.0005), "scale_factor": np.float32(1e-4)}, 2),
        ({"valid_min": np.float32(-0.0004), "scale_factor": np.float32(1e-4)}, 3),
        ({"valid_min": np.float32(-0.0015), "scale_factor": np.float32(3e-4)}, 2),  # -4.9999998
        ({"valid_max": np.float32(0.0005), "scale_factor": np.float32(-1e-4)}, 2),
        ({"valid_range": [20_000, 0]}, 0),
        ({"valid_range": [0, 1, 2]}, 0),
    ],
)
def test_limits_are_in_stored_or_in_unpacked_numbers(
    tmp_path: Path, attributes: dict[str, Any], masked: int
) -> None:
    with_any = scene_of(tmp_path, PACKED, MASK, **attributes)
    assert (0 if with_any.masked is None else with_any.masked.sum()) == masked


def test_limits_of_numbers_without_sign(tmp_path: Path) -> None:
    attributes: dict[str, Any] = {
        "_Unsigned": "true",
        "valid_range": np.array([0, -5536], np.int16),
    }  # to 60,000
    values = UNSIGNED.copy()
    values[0, 0] = 60_001
    scene = scene_of(tmp_path, values.view(np.int16), **attributes)
    assert scene.masked is not None and np.argwhere(scene.masked).tolist() == [[0, 0]]


@pytest.mark.parametrize("names", ["y x band", "band y x"])
def test_a_scale_for_each_band_is_applied(tmp_path: Path, names: str) -> None:
    gains, offsets = np.array([1e-4, 2e-4, 3e-4, 4e-4]), np.array([0, 0, 0, 1.0])
    stored = PACKED if names == "y x band" else PACKED.transpose(2, 0, 1)
    attributes: dict[str, Any] = {
        "_FillValue": np.int16(-9999),
        "scale_factor": gains,
        "add_offset": offsets,
    }
    scene = scene_of(tmp_path, stored, names=names, **attributes)
    assert scene.masked is not None and np.argwhere(scene.masked).tolist() == [[0, 0]]
    expected = PACKED * gains + offsets
    np.testing.assert_allclose(scene.cube[1:], expected[1:], rtol=1e-6, atol=1e-6)
    assert (scene.metadata.gain, scene.metadata.offset, scene.metadata.fill) == (1, 0, None)
    assert any("scaled by 'scale_factor', band by band" in note for note in scene.notes)


def test_limits_and_scales_for_each_band_are_applied_together(tmp_path: Path) -> None:
    attributes: dict[str, Any] = {
        "valid_range": np.array([0, 20_000], np.int16),
        "scale_factor": np.array([1e-4, 2e-4, 3e-4, 4e-4]),
    }
    values = PACKED.copy()
    values[3, 3, 0] = 20_001
    scene = scene_of(tmp_path, values, MASK, **attributes)
    assert scene.masked is not None
    assert np.argwhere(scene.masked).tolist() == [[0, 0], [1, 1], [2, 2], [3, 3]]
    assert scene.metadata.valid is None  # of stored numbers, which the scene's are not


@pytest.mark.parametrize(
    ("attributes", "gain", "note"),
    [
        ({"scale_factor": "0.0001", "add_offset": "0.5f"}, (1e-4, 0.5), ""),
        ({"scale_factor": [1e-4] * 4}, (1e-4, 0), ""),
        ({"scale_factor": "1/10000"}, (1, 0), "'scale_factor' is no number, and is ignored"),
        ({"scale_factor": 0.0}, (1, 0), "'scale_factor' has numbers 0 or not finite"),
        ({"add_offset": np.inf}, (1, 0), "'add_offset' has numbers 0 or not finite"),
        ({"scale_factor": [1.0, 2.0, 3.0]}, (1, 0), "'scale_factor' has 3 numbers, for no axis"),
        ({"Scale_Factor": 10_000.0}, (1, 0), "'Scale_Factor' (10000) is not applied"),
        ({"_FillValue": np.uint16(65535)}, (1, 0), "65535 is no int16 number, and is ignored"),
    ],
)
def test_a_scale_is_used_or_noted(
    tmp_path: Path, attributes: dict[str, Any], gain: tuple[float, float], note: str
) -> None:
    scene = scene_of(tmp_path, PACKED, **attributes)
    assert (scene.metadata.gain, scene.metadata.offset) == pytest.approx(gain)
    assert any(note in text for text in scene.notes)
    np.testing.assert_array_equal(scene.cube[:], PACKED)


def test_zero_among_no_data_values_counts_in_all_bands_only(tmp_path: Path) -> None:
    values = np.where(PACKED == -5, np.int16(0), PACKED)
    values[3, 3] = 0
    attributes: dict[str, Any] = {
        "_FillValue": np.int16(0),
        "missing_value": np.array([-9999, -32768], np.int16),
    }
    scene = scene_of(tmp_path, values, **attributes)
    assert scene.masked is not None
    assert np.argwhere(scene.masked).tolist() == [[0, 0], [1, 1], [3, 3]]


def test_the_value_of_what_was_never_written_is_no_data(tmp_path: Path) -> None:
    default = np.float32(9.969209968386869e36)  # of NetCDF
    with h5py.File(tmp_path / "x.nc", "w") as file:
        cube = file.create_dataset("data", (6, 5, 4), "f4", chunks=(2, 5, 4), fillvalue=default)
        cube[:4] = UNSIGNED[:4]
        bytes_ = file.create_dataset("map", (6, 5), "u1", fillvalue=255)
        bytes_[...] = 255 * np.eye(6, 5)
    scene = read_scene(tmp_path / "x.nc", name="x")
    assert scene.masked is not None and scene.masked.sum(axis=1).tolist() == [0, 0, 0, 0, 5, 5]
    assert scene.anomalies == 4  # of single bytes, all values are in use
    assert any("1 of 3 chunks were never written" in note for note in scene.notes)


def test_packed_wavelengths_and_coordinates_are_unpacked(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.nc", "w") as file:
        cube = file.create_dataset("data", data=UNSIGNED)
        places = {"y": 20_000 - 10 * np.arange(6), "x": 10 * np.arange(5)}
        lists = places | {"wavelength": np.array([4000, 5000, 9000, 24_000])}
        for axis, (name, values) in enumerate(lists.items()):
            file[name] = values.astype(np.int16)
            file[name].make_scale(name)
            file[name].attrs["units"] = "nm" if name == "wavelength" else "m"
            file[name].attrs["scale_factor"] = 0.1 if name == "wavelength" else 3.0
            file[name].attrs["add_offset"] = 0.0 if name == "wavelength" else 4_000_015.3
            cube.dims[axis].attach_scale(file[name])
    metadata = read_scene(tmp_path / "x.nc", name="x").metadata
    assert metadata.wavelengths is not None and metadata.georeference is not None
    np.testing.assert_allclose(metadata.wavelengths, [400, 500, 900, 2400], rtol=1e-12)
    assert metadata.georeference.transform == pytest.approx(
        (30, 0, 4_000_000.3, 0, -30, 4_060_030.3), abs=1e-6
    )


def test_pixels_of_no_data_in_the_ground_truth_are_unlabelled(tmp_path: Path) -> None:
    write(tmp_path / "x.nc", UNSIGNED)
    truth = np.eye(6, 5, dtype=np.int16)
    truth[0, 1], truth[0, 2], truth[0, 3] = -1, -2, 7
    with h5py.File(tmp_path / "x.nc", "a") as file:
        file["map"] = truth
        file["map"].attrs["missing_value"] = np.array([-1, -2], np.int16)
        file["map"].attrs["valid_max"] = np.int16(1)
    scene = read_scene(tmp_path / "x.nc", name="x")
    assert scene.unlabelled is not None and scene.anomalies == 5
    assert np.argwhere(scene.unlabelled).tolist() == [[0, 1], [0, 2], [0, 3]]
