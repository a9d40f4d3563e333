"""GeoTIFF files of other programs, and those written here."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyproj import CRS

from data.errors import SceneError
from data.formats.format import Raster
from data.formats.geotiff.image import STARTS, write_image
from data.formats.registry import read_contents
from data.georeference import Georeference
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings
from data.scene import Scene
from data.writing import write_like
from tests.data.helpers import read_image

rasterio = pytest.importorskip("rasterio")

HEIGHT, WIDTH, BANDS = 9, 7, 4
TRANSFORM = (30.0, 0.0, 500_000.0, 0.0, -30.0, 4_000_000.0)
UTM = CRS.from_epsg(32633)


@pytest.fixture
def cube() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(HEIGHT, WIDTH, BANDS)).astype(np.float32)


def write(
    path: Path, cube: NDArray[Any], *, tags: Any = None, descriptions: Any = None, **options: Any
) -> Path:
    """Write a GeoTIFF through rasterio alone; `tags` lists (band or 0, namespace, tags)."""
    height, width, count = cube.shape
    options.setdefault("transform", rasterio.Affine(*TRANSFORM))
    scales, offsets = options.pop("scales", None), options.pop("offsets", None)
    options = {"driver": "GTiff", "dtype": cube.dtype.name, **options}
    with rasterio.open(path, "w", height=height, width=width, count=count, **options) as file:
        for band, namespace, entries in tags or []:
            file.update_tags(band, ns=namespace, **entries)
        for band, description in enumerate(descriptions or [], start=1):
            file.set_band_description(band, description)
        if scales is not None:
            file.scales, file.offsets = scales, offsets
        file.write(cube.transpose(2, 0, 1))
    return path


def image(path: Path) -> Any:
    """The one variable of a GeoTIFF."""
    return read_image(path, "GeoTIFF")


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64", "complex64"])
@pytest.mark.parametrize(
    "layout",
    [{"interleave": "pixel"}, {"tiled": True, "blockxsize": 16, "blockysize": 16}],
    ids=["strips", "tiles"],
)
def test_values_are_read_as_they_are(tmp_path: Path, dtype: str, layout: dict[str, Any]) -> None:
    values = np.random.default_rng(1).integers(0, 200, (40, 21, BANDS)).astype(dtype)
    variable = image(write(tmp_path / "x.tif", values, **layout))
    assert (variable.shape, variable.dtype, variable.axes) == (values.shape, values.dtype, "hwb")
    read = variable.read()
    assert read.dtype == values.dtype
    assert read.flags.c_contiguous
    np.testing.assert_array_equal(read, values)


def test_a_single_band_is_a_cube_of_one(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    variable = image(write(tmp_path / "x.tif", cube[..., :1]))
    assert variable.shape == variable.read().shape == (HEIGHT, WIDTH, 1)


def each(**tags: list[Any]) -> list[Any]:
    """The same tags for each band, with their values from lists."""
    return [
        (band + 1, None, {key: values[band] for key, values in tags.items()})
        for band in range(BANDS)
    ]


NM = [401.25, 450.5, 1000, 2499.75]
UM = [0.40125, 0.4505, 1, 2.49975]
METADATA = {
    "tags of the bands": {"tags": each(wavelength=NM, wavelength_units=["Nanometers"] * BANDS)},
    "in micrometres": {"tags": each(wavelength=UM, wavelength_units=["Micrometers"] * BANDS)},
    "IMAGERY": {
        "tags": [(band + 1, "IMAGERY", {"CENTRAL_WAVELENGTH_UM": UM[band]}) for band in range(4)]
    },
    "ENVI": {
        "tags": [
            (0, "ENVI", {"wavelength": f"{{{', '.join(map(str, UM))}}}"}),
            (0, "ENVI", {"wavelength_units": "Micrometers"}),
        ]
    },
    "descriptions": {"descriptions": [f"{wavelength} Nanometers" for wavelength in NM]},
    "Sentinel": {"descriptions": [f"Band {7 + i} ({UM[i]} µm)" for i in range(BANDS)]},
    "nm": {"descriptions": [f"{wavelength}nm" for wavelength in NM]},
}


@pytest.mark.parametrize("options", METADATA.values(), ids=METADATA)
def test_wavelengths_are_found_where_programs_put_them(
    tmp_path: Path, cube: NDArray[np.float32], options: dict[str, Any]
) -> None:
    metadata = image(write(tmp_path / "x.tif", cube, **options)).metadata
    np.testing.assert_allclose(metadata.wavelengths, NM, rtol=1e-12)
    assert metadata.note == ""


def test_descriptions_that_are_no_wavelengths_are_none(
    tmp_path: Path, cube: NDArray[np.float32]
) -> None:
    path = write(tmp_path / "x.tif", cube, descriptions=["red", "450 nm", "Band 3", "B04"])
    assert image(path).metadata.wavelengths is None


def test_wavelengths_without_units_are_guessed_and_it_is_said(
    tmp_path: Path, cube: NDArray[np.float32]
) -> None:
    metadata = image(write(tmp_path / "x.tif", cube, tags=each(wavelength=UM))).metadata
    np.testing.assert_allclose(metadata.wavelengths, NM)
    assert "without units" in metadata.note


def test_widths_and_good_bands(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    tags = [
        *each(wavelength=UM, wavelength_units=["um"] * BANDS, fwhm=[0.005, 0.006, 0.007, 0.008]),
        (0, "ENVI", {"bbl": "{1,0, 1,1}"}),
    ]
    metadata = image(write(tmp_path / "x.tif", cube, tags=tags)).metadata
    np.testing.assert_allclose(metadata.fwhm, [5, 6, 7, 8])
    assert metadata.good.tolist() == [True, False, True, True]


def test_what_gdal_makes_of_an_envi_image(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    import rasterio.shutil

    (tmp_path / "e.img").write_bytes(cube.tobytes())
    (tmp_path / "e.hdr").write_text(
        f"ENVI\nsamples = {WIDTH}\nlines = {HEIGHT}\nbands = {BANDS}\nheader offset = 0\n"
        f"data type = 4\ninterleave = bip\nbyte order = 0\nwavelength units = Nanometers\n"
        f"wavelength = {{{', '.join(map(str, NM))}}}\nfwhm = {{5, 6, 7, 8}}\n"
        f"data ignore value = -9999\nmap info = {{UTM, 1, 1, 5e5, 4e6, 30, 30, 33, North}}\n"
    )
    rasterio.shutil.copy(tmp_path / "e.img", tmp_path / "x.tif", driver="GTiff")
    variable = image(tmp_path / "x.tif")
    np.testing.assert_array_equal(variable.read(), cube)
    assert variable.metadata.wavelengths.tolist() == NM
    assert variable.metadata.fill == -9999
    assert variable.metadata.georeference.transform == TRANSFORM


def test_fill_and_scales_that_the_bands_share(tmp_path: Path) -> None:
    values = np.arange(HEIGHT * WIDTH * BANDS, dtype=np.int16).reshape(HEIGHT, WIDTH, BANDS)
    metadata = {"nodata": -32768, "scales": [1e-4] * BANDS, "offsets": [0.5] * BANDS}
    variable = image(write(tmp_path / "x.tif", values, **metadata))
    metadata = variable.metadata
    assert (metadata.fill, metadata.gain, metadata.offset) == (-32768, 1e-4, 0.5)
    np.testing.assert_array_equal(variable.read(), values)


def test_scales_of_single_bands_are_applied(tmp_path: Path) -> None:
    values = np.arange(HEIGHT * WIDTH * BANDS, dtype=np.int16).reshape(HEIGHT, WIDTH, BANDS)
    metadata = {"nodata": 0, "scales": [1.0, 2.0, 3.0, 4.0], "offsets": [0.0, 0.0, 0.0, 0.5]}
    variable = image(write(tmp_path / "x.tif", values, **metadata))
    expected = (values * np.array([1.0, 2, 3, 4]) + [0, 0, 0, 0.5]).astype(np.float32)
    expected[0, 0, 0] = np.nan
    read = variable.read()
    np.testing.assert_array_equal(read, expected)
    assert variable.dtype == read.dtype == np.float32
    assert (variable.metadata.fill, variable.metadata.gain) == (None, 1)


def test_nan_may_stand_for_no_data(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    cube[0] = np.nan
    path = write(tmp_path / "x.tif", cube, nodata=np.nan)
    assert np.isnan(image(path).metadata.fill)
    scene = read_scene(path, name="x")
    assert scene.notes[-1] == "7 of 63 pixels are masked: NaN or infinite in all their bands"


@pytest.mark.parametrize("transform", [TRANSFORM, (20.0, 5.0, 1e5, 4.0, -25.0, 2e5)])
def test_places_are_those_of_rasterio(
    tmp_path: Path, cube: NDArray[np.float32], transform: tuple[float, ...]
) -> None:
    path = write(tmp_path / "x.tif", cube, transform=rasterio.Affine(*transform), crs="EPSG:32633")
    georeference = image(path).metadata.georeference
    assert georeference.transform == transform
    assert georeference.crs == UTM
    with rasterio.open(path) as file:
        expected = file.xy(3, 5)
    x, y = georeference.positions(np.array([3.0]), np.array([5.0]))
    np.testing.assert_allclose([x[0], y[0]], expected)


def test_no_transform_is_no_georeference(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    write_image(tmp_path / "x.tif", Raster(values=cube))
    assert image(tmp_path / "x.tif").metadata.georeference is None


@pytest.mark.parametrize(
    "transform",
    [(30, 0, np.nan, 0, -30, 4e6), (30, 60, 5e5, 30, 60, 4e6), (1e308, 0, 1e308, 0, -1e308, 0)],
)
def test_a_transform_that_is_no_place_is_left_out(
    tmp_path: Path, cube: NDArray[np.float32], transform: tuple[float, ...]
) -> None:
    metadata = image(
        write(tmp_path / "x.tif", cube, transform=rasterio.Affine(*transform))
    ).metadata
    assert metadata.georeference is None
    assert metadata.note == "the file's transform cannot be used for locations"


@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (300, 270)], ids=["strips", "tiles"])
def test_what_is_written_is_what_rasterio_and_the_reader_find(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    values = np.random.default_rng(2).normal(size=(*size, BANDS))
    values[1, 2] = np.nan
    place = Georeference((30.0, 2.0, 5e5, 1.0, -30.0, 4e6), UTM)
    path = tmp_path / "x.tif"
    names = [f"{wavelength} nm" for wavelength in NM]
    nm, fwhm = np.array(NM), np.array([5.5, 6, 7, 8])
    metadata: dict[str, Any] = {"wavelengths": nm, "fwhm": fwhm, "band_names": names}
    assert write_image(path, Raster(values=values, georeference=place, **metadata)) == [path]
    assert list(tmp_path.iterdir()) == [path]
    with rasterio.open(path) as file:
        assert file.dtypes == ("float32",) * BANDS
        assert np.isnan(file.nodata)
        assert file.crs.to_epsg() == 32633
        assert tuple(file.transform)[:6] == place.transform
        assert list(file.descriptions) == names
        assert float(file.tags(2, ns="IMAGERY")["CENTRAL_WAVELENGTH_UM"]) == 0.4505
        assert [colour.name for colour in file.colorinterp] == ["gray", *["undefined"] * 3]
        assert file.compression.name == "deflate"
        np.testing.assert_array_equal(file.read().transpose(1, 2, 0), values.astype(np.float32))
    variable = image(path)
    assert variable.metadata.georeference == place
    np.testing.assert_array_equal(variable.metadata.wavelengths, nm)
    np.testing.assert_array_equal(variable.metadata.fwhm, fwhm)
    np.testing.assert_array_equal(variable.read(), values.astype(np.float32))


def test_masks_are_bytes_with_255_for_no_data(tmp_path: Path) -> None:
    mask = np.random.default_rng(3).random((HEIGHT, WIDTH)) > 0.5
    write_image(tmp_path / "x.tif", Raster(values=mask))
    variable = image(tmp_path / "x.tif")
    assert (variable.dtype, variable.metadata.fill) == (np.uint8, 255)
    np.testing.assert_array_equal(variable.read()[..., 0], mask)


def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, cube: NDArray[np.float32]
) -> None:
    path = tmp_path / "x.tif"
    path.write_text("before")
    with pytest.raises(IndexError):
        write_image(path, Raster(values=cube, band_names=["too few"]))
    assert [one.read_text() for one in tmp_path.iterdir()] == ["before"]


@pytest.mark.parametrize("ours", [True, False], ids=["ours", "tags at the end"])
def test_cut_files_are_refused(
    tmp_path: Path, cube: NDArray[np.float32], capfd: pytest.CaptureFixture[str], ours: bool
) -> None:
    path = tmp_path / "x.tif"
    if ours:
        write_image(path, Raster(values=cube, wavelengths=np.array(NM)))
    else:
        write(path, cube, compress="deflate")
        with rasterio.open(path, "r+") as file:
            for band, wavelength in enumerate(NM, start=1):
                file.update_tags(band, wavelength=wavelength, wavelength_units="nm")
    whole = path.read_bytes()
    refused = 0
    for length in [*range(0, len(whole), 37), *range(len(whole) - 12, len(whole))]:
        path.write_bytes(whole[:length])
        try:
            variable = image(path)
            read = variable.read()
        except SceneError as error:
            assert str(path) in str(error)
            assert "\n" not in str(error)
            refused += 1
        else:
            np.testing.assert_array_equal(read, cube)
            np.testing.assert_array_equal(variable.metadata.wavelengths, NM)
    assert refused > 30
    assert capfd.readouterr().err == ""


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    path.write_bytes(STARTS[0] + b"no image")
    with pytest.raises(SceneError, match=r"x\.tif' is damaged or no GeoTIFF file"):
        read_contents(path)


def test_a_missing_rasterio_is_named(
    tmp_path: Path, cube: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "x.tif", cube)
    scene = Scene("x", cube, None, source="test", format="GeoTIFF")
    monkeypatch.setitem(sys.modules, "rasterio", None)
    needs = (
        r"\.tif' is a GeoTIFF file, which needs rasterio: pip install -r requirements-geotiff\.txt"
    )
    with pytest.raises(SceneError, match=f"x{needs}$"):
        read_contents(path)
    with pytest.raises(SceneError, match=f"y{needs}$"):
        write_like(scene, tmp_path / "y", cube)
    assert list(tmp_path.iterdir()) == [path]


def test_an_alpha_band_says_where_there_is_no_data(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(1, 200, (HEIGHT, WIDTH, BANDS)).astype("uint8")
    values[..., 3] = 255
    values[2:4, :, 3] = 0
    variable = image(write(tmp_path / "x.tif", values))  # as GDAL takes four bands of bytes
    assert variable.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(variable.read(), values[..., :3])
    np.testing.assert_array_equal(variable.metadata.masked, values[..., 3] == 0)
    assert "alpha band" in variable.metadata.note
    scene = read_scene(tmp_path / "x.tif", name="x")
    assert scene.pixels == HEIGHT * WIDTH - 2 * WIDTH and scene.metadata.masked is None


def test_a_fourth_band_of_many_values_is_no_alpha_band(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 200, (HEIGHT, WIDTH, BANDS)).astype("uint8")
    variable = image(write(tmp_path / "x.tif", values))
    assert variable.shape == values.shape and variable.metadata.masked is None


@pytest.mark.parametrize("internal", [True, False])
def test_a_mask_of_the_file_is_one_of_the_scene(
    tmp_path: Path, cube: NDArray[np.float32], internal: bool
) -> None:
    path = write(tmp_path / "x.tif", cube)
    valid = np.random.default_rng(0).random((HEIGHT, WIDTH)) < 0.5
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal), rasterio.open(path, "r+") as file:
        file.write_mask(valid)
    np.testing.assert_array_equal(image(path).metadata.masked, ~valid)
    scene = read_scene(path, name="x")
    np.testing.assert_array_equal(scene.masked, ~valid)
    assert "the file's own mask" in scene.notes[-1]
    swapped = read_scene(path, name="x", reading=ReadSettings(axes="whb"))
    np.testing.assert_array_equal(swapped.masked, ~valid.T)


@pytest.mark.parametrize("nodata", [-9999, 255, np.nan])
def test_fill_values_of_a_map_are_no_anomalies(
    tmp_path: Path, cube: NDArray[np.float32], nodata: float
) -> None:
    path = write(tmp_path / "x.tif", cube)
    truth = np.zeros((HEIGHT, WIDTH, 1), "float32")
    truth[3, 3], truth[0] = 1, nodata
    write(tmp_path / "truth.tif", truth, nodata=nodata)
    scene = read_scene(path, name="x", reading=ReadSettings(map=str(tmp_path / "truth.tif")))
    assert (scene.anomalies, scene.evaluated.sum(), scene.masked) == (1, WIDTH * (HEIGHT - 1), None)
    assert any(
        note.startswith("7 of 63 pixels of the ground truth are unlabelled") for note in scene.notes
    )


def test_swapped_axes_turn_the_place_on_the_map(tmp_path: Path, cube: NDArray[np.float32]) -> None:
    path = write(tmp_path / "x.tif", cube, crs="EPSG:32633")
    swapped = read_scene(path, name="x", reading=ReadSettings(axes="whb"))
    assert swapped.metadata.georeference is not None
    assert swapped.metadata.georeference == Georeference(TRANSFORM, UTM).transposed()
    unclear = read_scene(path, name="x", reading=ReadSettings(axes="bhw"))
    assert unclear.metadata.georeference is None
    assert any(note.startswith("--axes bhw: the file has hwb") for note in unclear.notes)
