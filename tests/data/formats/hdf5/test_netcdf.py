"""NetCDF and plain HDF5 files: arrays, axes and metadata."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from pyproj import CRS

from data.errors import SceneError
from data.formats.contents import Variable
from data.formats.registry import read_contents
from tests.data.helpers import complete

HEIGHT, WIDTH, BANDS = 6, 5, 4
NM = np.array([400.0, 500.0, 900.0, 2400.0])
PLACEHOLDER = b"This is a netCDF dimension but not a netCDF variable.         5"
EAST = 500_015 + 30.0 * np.arange(WIDTH)
NORTH = 3_999_985 - 30.0 * np.arange(HEIGHT)

Write = Callable[[h5py.File], None]


@pytest.fixture
def cube() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(HEIGHT, WIDTH, BANDS)).astype(np.float32)


def variables_of(path: Path, write: Write, *, format: str = "NetCDF") -> Mapping[str, Variable]:
    """Write a file and list what is read from it."""
    with h5py.File(path, "w") as file:
        write(file)
    contents = read_contents(path)
    assert (contents.format, contents.variant) == ("NetCDF/HDF5", format)
    return complete(contents)


def add(file: h5py.File, name: str, values: Any, dimensions: str, **attributes: Any) -> Any:
    """Put an array into a file, its dimensions named; scales are made where there are none."""
    dataset = file.create_dataset(name, data=values)
    for axis, (dimension, length) in enumerate(zip(dimensions.split(), dataset.shape, strict=True)):
        if dimension == name:
            dataset.make_scale(dimension)
            continue
        if dimension not in file:
            file.create_dataset(dimension, (length,), "f4").make_scale(PLACEHOLDER)
        dataset.dims[axis].attach_scale(file[dimension])
    dataset.attrs.update(attributes)
    return dataset


def write_emit(file: h5py.File, cube: NDArray[np.float32]) -> None:
    """Write an image as EMIT's are laid out."""
    file.attrs["geotransform"] = [10.0, 0.0005, 0.0, 40.0, 0.0, -0.0005]
    file.attrs["spatial_ref"] = CRS.from_epsg(4326).to_wkt()
    file.attrs["_NCProperties"] = b"version=2"
    fill = np.array([-9999], np.float32)
    add(file, "reflectance", cube, "downtrack crosstrack bands", _FillValue=fill)
    for name, values in (
        ("wavelengths", NM),
        ("fwhm", NM / 50),
        ("good_wavelengths", [1, 1, 0, 1]),
    ):
        full = f"sensor_band_parameters/{name}"
        add(file, full, np.array(values, np.float32), "bands", units=np.bytes_(b"nm"))
    add(file, "sensor_band_parameters/observation_bands", [b"a", b"b"], "names")
    add(file, "location/lon", np.zeros((HEIGHT, WIDTH)), "downtrack crosstrack")


def test_emit(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    variables = variables_of(tmp_path / "x.nc", lambda file: write_emit(file, cube))
    assert set(variables) == {
        "reflectance",
        "location/lon",
        *(f"sensor_band_parameters/{name}" for name in ("wavelengths", "fwhm", "good_wavelengths")),
    }
    reflectance = variables["reflectance"]
    assert (reflectance.shape, reflectance.dtype) == (cube.shape, cube.dtype)
    assert (reflectance.axes, variables["location/lon"].axes) == ("hwb", "hw")
    np.testing.assert_array_equal(reflectance.read(), cube)
    metadata = reflectance.metadata
    np.testing.assert_array_equal(metadata.wavelengths, NM)
    assert metadata.fwhm is not None and metadata.good is not None
    np.testing.assert_allclose(metadata.fwhm, NM / 50)
    assert metadata.good.tolist() == [True, True, False, True]
    assert (metadata.fill, metadata.note) == (-9999, "")
    assert metadata.georeference is None  # those of the root are of another grid


@pytest.mark.parametrize(
    ("dimensions", "axes"),
    [
        ("downtrack crosstrack bands", "hwb"),
        ("wavelength y x", "bhw"),
        ("lat lon spectral", "hwb"),
        ("Lambda Rows Cols", "bhw"),
        ("lines band samples", "hbw"),
        ("something x y", "bwh"),
        ("y something bands", "hwb"),
        ("red_bands number_of_scans ccd_pixels", "bhw"),
        ("swir_wavelength along_track cross_track", "bhw"),
        ("y something else", None),
        ("y lat band", None),
        ("one two three", None),
    ],
)
def test_axes_by_the_names_of_dimensions(
    tmp_path: Path, cube: NDArray[np.float32], dimensions: str, axes: str | None
) -> None:
    variables = variables_of(tmp_path / "x.nc", lambda file: add(file, "r", cube, dimensions))
    assert list(variables) == ["r"]
    assert variables["r"].axes == axes


def test_axes_by_labels(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    def write(file: h5py.File) -> None:
        dataset = file.create_dataset("r", data=cube)
        for axis, label in enumerate(("line", "sample", "band")):
            dataset.dims[axis].label = label

    assert variables_of(tmp_path / "x.h5", write, format="HDF5")["r"].axes == "hwb"


def test_packed_values_stay_packed_and_their_scale_is_noted(tmp_path: Path) -> None:
    packed = np.arange(HEIGHT * WIDTH * BANDS, dtype=">i2").reshape(HEIGHT, WIDTH, BANDS)

    def write(file: h5py.File) -> None:
        metadata = {"missing_value": np.int16(-1), "scale_factor": [1e-4], "add_offset": 0.5}
        add(file, "r", packed, "y x band", **metadata)

    variable = variables_of(tmp_path / "x.nc", write)["r"]
    metadata = variable.metadata
    assert (metadata.fill, metadata.gain, metadata.offset) == (-1, 1e-4, 0.5)
    read = variable.read()
    assert variable.dtype == read.dtype == np.dtype("i2")
    np.testing.assert_array_equal(read, packed)


def test_micrometres_and_the_nearest_list_of_several(
    tmp_path: Path, cube: NDArray[np.float32]
) -> None:
    def write(file: h5py.File) -> None:
        for name, scale in (("a", 1), ("b", 1000)):
            add(file, f"{name}/r", cube, "y x band")
            metadata = {"units": "nm" if scale == 1 else "um"}
            add(file, f"{name}/Wavelength", NM / scale, "band", **metadata)
            add(file, f"{name}/FWHM", NM / scale / 50, "band")
        file["b/Wavelength"][0] = 0.41

    variables = variables_of(tmp_path / "x.nc", write)
    for name, first in (("a/r", 400), ("b/r", 410)):
        metadata = variables[name].metadata
        assert metadata.wavelengths is not None and metadata.fwhm is not None
        np.testing.assert_allclose(metadata.wavelengths, [first, *NM[1:]])
        np.testing.assert_allclose(metadata.fwhm[1:], NM[1:] / 50, rtol=0.05)


def test_the_coordinates_of_the_bands_are_wavelengths_where_they_are_lengths(
    tmp_path: Path, cube: NDArray[np.float32]
) -> None:
    for units, known in (("nm", True), ("1", False)):

        def write(file: h5py.File, units: str = units) -> None:
            add(file, "band", NM, "band", units=units)
            add(file, "r", cube, "y x band")

        metadata = variables_of(tmp_path / "x.nc", write)["r"].metadata
        assert (metadata.wavelengths is not None) == known


def write_map(file: h5py.File, cube: NDArray[Any], **mapping: Any) -> None:
    """Write an image with map coordinates, in a system that a variable describes."""
    add(file, "x", EAST, "x", units="m", standard_name="projection_x_coordinate")
    add(file, "y", NORTH, "y", units="m", standard_name="projection_y_coordinate")
    if mapping:
        file.create_dataset("crs", data=0).attrs.update(mapping)
    add(file, "group/r", cube.transpose(2, 0, 1), "band y x", grid_mapping="crs: x y")


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"crs_wkt": CRS.from_epsg(32633).to_wkt()}, 32633),
        ({"spatial_ref": np.bytes_(CRS.from_epsg(32633).to_wkt().encode())}, 32633),
        ({"epsg_code": "EPSG:32633"}, 32633),
        ({"epsg_code": np.array([32633])}, 32633),
        ({"crs_wkt": 'PROJCRS["cut', "epsg_code": "32633"}, 32633),
        ({"crs_wkt": 'PROJCRS["cut'}, None),
        ({}, None),
    ],
)
def test_map_coordinates_make_the_transform(
    tmp_path: Path, cube: NDArray[np.float32], mapping: dict[str, Any], code: int | None
) -> None:
    variables = variables_of(tmp_path / "x.nc", lambda file: write_map(file, cube, **mapping))
    georeference = variables["group/r"].metadata.georeference
    assert georeference is not None
    assert georeference.transform == (30, 0, 500_000, 0, -30, 4_000_000)
    assert (None if georeference.crs is None else georeference.crs.to_epsg()) == code
    x, y = georeference.positions(np.arange(6.0)[:, None], np.arange(5.0)[None])
    np.testing.assert_array_equal(x[0], EAST)
    np.testing.assert_array_equal(y[:, 0], NORTH)


def test_a_grid_mapping_spelled_out_by_its_parameters(
    tmp_path: Path, cube: NDArray[np.float32]
) -> None:
    parameters = CRS.from_epsg(32633).to_cf()
    del parameters["crs_wkt"]
    variables = variables_of(tmp_path / "x.nc", lambda file: write_map(file, cube, **parameters))
    georeference = variables["group/r"].metadata.georeference
    assert georeference is not None and georeference.crs is not None
    expected = replace(georeference, crs=CRS.from_epsg(32633))
    corner = np.zeros(1), np.zeros(1)
    degrees = np.array(georeference.longitudes_latitudes(*corner))
    np.testing.assert_allclose(degrees, np.array(expected.longitudes_latitudes(*corner)))


@pytest.mark.parametrize(
    ("x", "y", "transform"),
    [
        (EAST / 1000, NORTH / 1000, (30, 0, 500_000, 0, -30, 4_000_000)),
        (EAST[::-1] / 1000, NORTH[::-1] / 1000, (-30, 0, 500_150, 0, 30, 3_999_820)),
    ],
)
def test_kilometres_and_directions(
    tmp_path: Path, cube: NDArray[np.float32], x: Any, y: Any, transform: tuple[float, ...]
) -> None:
    def write(file: h5py.File) -> None:
        add(file, "x", x, "x", units="km")
        add(file, "y", y, "y", units="km")
        add(file, "r", cube, "y x band")

    georeference = variables_of(tmp_path / "x.nc", write)["r"].metadata.georeference
    assert georeference is not None
    np.testing.assert_allclose(georeference.transform, transform, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("units", [("degrees_north", "degrees_east"), ("degrees", "degrees")])
def test_degrees_are_wgs_84(
    tmp_path: Path, cube: NDArray[np.float32], units: tuple[str, str]
) -> None:
    def write(file: h5py.File) -> None:
        lat = (40 - 0.0005 * np.arange(HEIGHT)).astype(np.float32)  # uneven by its digits
        add(file, "lat", lat, "lat", units=units[0])
        add(file, "lon", 10 + 0.0005 * np.arange(WIDTH), "lon", units=units[1])
        add(file, "r", cube, "lat lon band")

    georeference = variables_of(tmp_path / "x.nc", write)["r"].metadata.georeference
    assert georeference is not None and georeference.crs is not None
    assert georeference.crs.to_epsg() == 4326
    expected = (0.0005, 0, 9.99975, 0, -0.0005, 40.00025)
    np.testing.assert_allclose(georeference.transform, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("x", "units"),
    [
        (np.arange(WIDTH), ""),  # numbers of columns
        (np.arange(WIDTH) ** 2, "m"),
        (np.full(WIDTH, 3), "m"),
        (np.full(WIDTH, np.nan), "m"),
    ],
)
def test_coordinates_that_make_no_grid(
    tmp_path: Path, cube: NDArray[np.float32], x: Any, units: str
) -> None:
    def write(file: h5py.File) -> None:
        add(file, "x", x, "x", units=units)
        add(file, "y", NORTH, "y", units="m")
        add(file, "r", cube, "y x band")

    assert variables_of(tmp_path / "x.nc", write)["r"].metadata.georeference is None


def test_plain_hdf5(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    def write(file: h5py.File) -> None:
        file["a/cube"] = cube
        file["mask"] = cube[..., 0] > 0
        file["name"] = "a text"
        file["words"] = np.array([b"a", b"b"])
        file["nothing"] = h5py.Empty("f4")
        file["one"] = 1.5
        file["pairs"] = np.zeros(3, [("x", "f4"), ("y", "i4")])
        file["link"] = h5py.SoftLink("/gone")

    variables = variables_of(tmp_path / "x.h5", write, format="HDF5")
    assert {name: variable.axes for name, variable in variables.items()} == {
        "a/cube": None,
        "mask": None,
    }
    np.testing.assert_array_equal(variables["a/cube"].read(), cube)
    assert variables["mask"].read().dtype == variables["mask"].dtype == np.bool_


def test_odd_attributes_are_ignored_and_noted(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    def write(file: h5py.File) -> None:
        dataset = add(file, "r", cube, "y x band", _FillValue="none", scale_factor=[1.0, 2.0])
        dataset.attrs["add_offset"] = h5py.Empty("f4")
        dataset.attrs["missing_value"] = np.array([b"x", b"y"])
        dataset.attrs.create("grid_mapping", file["r"].ref, dtype=h5py.ref_dtype)
        add(file, "wavelength", NM[::-1].copy(), "band", units=np.arange(3))

    metadata = variables_of(tmp_path / "x.nc", write)["r"].metadata
    assert (metadata.fill, metadata.gain, metadata.offset) == (None, 1, 0)
    np.testing.assert_array_equal(metadata.wavelengths, NM[::-1])
    assert "without units" in metadata.note
    for part in (
        "'_FillValue' is no number",
        "'missing_value' is no n",
        "'scale_factor' has 2",
    ):
        assert part in metadata.note


def test_cut_files_are_refused(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    path = tmp_path / "x.nc"
    variables_of(path, lambda file: write_emit(file, cube))
    whole = path.read_bytes()
    for length in [*range(8, len(whole), 199), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(SceneError, match=r"x\.nc' is damaged or no NetCDF/HDF5 file") as caught:
            read_contents(path)
        assert "\n" not in str(caught.value)


def test_damage_inside_is_an_error_of_the_scene(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    path = tmp_path / "x.nc"

    def write(file: h5py.File) -> None:
        options = {"chunks": cube.shape, "compression": "gzip", "fletcher32": True}
        file.create_dataset("r", data=cube, **options)

    variable = variables_of(path, write, format="HDF5")["r"]
    with h5py.File(path) as file:
        chunk = file["r"].id.get_chunk_info(0)
    raw = bytearray(path.read_bytes())
    raw[chunk.byte_offset + chunk.size // 2] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(SceneError, match="damaged"):
        variable.read()


def test_a_finite_fill_value_goes_before_nan(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    def write(file: h5py.File) -> None:
        add(file, "r", cube, "y x band", _FillValue=np.nan, missing_value=-9999.0)
        add(file, "map", cube[..., 0], "y x", _FillValue=np.nan)

    variables = variables_of(tmp_path / "x.nc", write)
    assert variables["r"].metadata.fill == -9999
    assert np.isnan(variables["map"].metadata.fill or 0)
