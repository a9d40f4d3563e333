"""The map information of ENVI headers: as GDAL reads it, and as GDAL reads what is written."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from data.formats.envi.image import write_image
from data.formats.envi.map_info import DATUMS, map_info, read_georeference
from data.formats.format import Raster
from data.formats.registry import read_contents
from data.georeference import Georeference

HEADER = (
    "ENVI\nsamples = 3\nlines = 4\nbands = 1\nheader offset = 0\nfile type = ENVI Standard\n"
    "data type = 1\ninterleave = bsq\nbyte order = 0\n"
)
Transform = tuple[float, float, float, float, float, float]
NORTH_UP: Transform = (30.0, 0.0, 480_805.25, 0.0, -20.0, 3_618_830.5)


def opened(path: Path) -> Any:
    """Open an ENVI image with GDAL."""
    rasterio = pytest.importorskip("rasterio")
    return rasterio.open(path, driver="ENVI")


def crs_of(dataset: Any) -> CRS | None:
    """The coordinate system of GDAL, which calls one that it does not know a local one."""
    known = dataset.crs is not None and not dataset.crs.to_wkt().startswith(("LOCAL", "ENGCRS"))
    return CRS.from_wkt(dataset.crs.to_wkt()) if known else None


def assert_same_place(ours: Georeference, transform: Any, crs: CRS | None) -> None:
    """The same transform, and a system in which the same places have the same coordinates."""
    np.testing.assert_allclose(ours.transform, transform[:6], rtol=1e-12, atol=1e-9)
    assert (ours.crs is None) == (crs is None)
    if ours.crs is None or crs is None:
        return
    places = ours.positions(np.array([0.0, 3.0]), np.array([2.0, 0.0]))
    there = Transformer.from_crs(ours.crs, crs, always_xy=True).transform(*places)
    np.testing.assert_allclose(np.array(there), np.array(places), rtol=1e-12)
    assert ours.crs.geodetic_crs is not None and crs.geodetic_crs is not None
    assert ours.crs.geodetic_crs.name == crs.geodetic_crs.name


NAD27_WKT = (
    'coordinate system string = {PROJCS["UTM_Zone_11N",GEOGCS["GCS_North_American_1927",DATUM["D_No'
    'rth_American_1927",SPHEROID["Clarke_1866",6378206.4,294.9786982]],PRIMEM["Greenwich",0.0],UNIT'
    '["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500'
    '000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-117.0],PARAMETER["Scale_F'
    'actor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]}'
)
PLACE = "480805.25, 3618830.5, 30, 20"


@pytest.mark.parametrize(
    ("info", "extra"),
    [
        (f"UTM, 1, 1, {PLACE}, 11, North, WGS-84, units=Meters", ""),
        (f"UTM, 1.000, 1.000, {PLACE}, 33, South, WGS-84, units=Meters", ""),
        (f"UTM, 3, 2.5, {PLACE}, 11, North, WGS-84", ""),
        (f"UTM, 1.5, 1.5, {PLACE}, 11, North, North America 1983, units=Meters", ""),
        (f"UTM, 1, 1, {PLACE}, 11, North, North America 1927", ""),
        (f"UTM, 1, 1, {PLACE}, 11, North, NAD27", ""),
        (f"UTM, 1, 1, {PLACE}, 11, North, WGS-72", ""),
        (f"UTM, 1, 1, {PLACE}, 31, North, European 1950", ""),
        (f"UTM, 1, 1, {PLACE}, 11, North, a datum of its own", ""),
        (f"UTM, 1, 1, {PLACE}, 11, North, units=Meters", ""),  # no datum
        (f"UTM, 1, 1, {PLACE}, 11, North, units=Meters", NAD27_WKT),
        (f"UTM, 1, 1, {PLACE}, 12, South, WGS-84", NAD27_WKT),  # which is spelled out wins
        (f"UTM, 4, 7, {PLACE}, 11, North, WGS-84, units=Meters, rotation=30.5", ""),
        (f"UTM, 4, 7, {PLACE}, 11, North, WGS-84, rotation=-135.25, units=Meters", ""),
        (f"UTM, 4, 7, {PLACE}, 11, North, WGS-84, rotation=180", ""),
        (f"UTM, 4, 7, {PLACE}, 11, North, WGS-84, rotation=-180", ""),
        (f"UTM, 4, 7, {PLACE}, 11, North, WGS-84, rotation=0", ""),
        ("UTM, 4, 7, 480805.25, 3618830.5, 30, -20, 11, North, WGS-84", ""),
        ("Geographic Lat/Lon, 1, 1, 10.5, 50.25, 0.125, 0.25, WGS-84, units=Degrees", ""),
        ("Geographic Lat/Lon, 2, 3, 10.5, 50.25, 0.125, 0.25, North America 1927", ""),
        ("Geographic Lat/Lon, 1, 1, 10.5, 50.25, 0.125, 0.25, units=Degrees", ""),
        ("Arbitrary, 1, 1, 5, 7, 30, 20, 0, North", ""),
        ("Arbitrary, 1, 1, 480805.25, 3618830.5, 30, 20", NAD27_WKT),
    ],
)
def test_gdal_reads_the_same(tmp_path: Path, info: str, extra: str) -> None:
    (tmp_path / "x.img").write_bytes(bytes(12))
    (tmp_path / "x.hdr").write_text(f"{HEADER}map info = {{{info}}}\n{extra}\n")
    ours = read_contents(tmp_path / "x.hdr").variables["image"].metadata.georeference
    assert ours is not None
    with opened(tmp_path / "x.img") as dataset:
        assert_same_place(ours, dataset.transform, crs_of(dataset))


def test_a_tie_point_is_the_corner_of_its_pixel() -> None:
    """Without GDAL: the upper left corner of column 3, row 2 is where it says."""
    info = ["UTM", "3", "2", "500060", "4000000", "30", "20", "11", "North", "WGS-84"]
    place = read_georeference({"map info": info})
    assert place is not None and place.crs is not None
    assert place.transform == (30, 0, 500_000, 0, -20, 4_000_020)
    assert place.crs.to_epsg() == 32611


@pytest.mark.parametrize("rotation", ["inf", "-1e400", "nan", "north"])
def test_a_rotation_that_is_no_angle_leaves_no_place(rotation: str) -> None:
    info = ["UTM", "1", "1", "5", "7", "30", "20", "33", "North", f"rotation={rotation}"]
    assert read_georeference({"map info": info}) is None


@pytest.mark.parametrize(
    "numbers", ["nan 1 5 7 30 20", "1 1 5 7 0 20", "1 1 5 7 30 0", "1 1 1e308 1e308 1e308 1e308"]
)
def test_numbers_that_are_no_place_leave_none(numbers: str) -> None:
    info = ["UTM", *numbers.split(), "33", "North"]
    assert read_georeference({"map info": info}) is None


@pytest.mark.parametrize("zone", ["0", "61", "99", "X", "", "1.5", "²"])
def test_a_zone_that_there_is_none_of_has_no_system(zone: str) -> None:
    info = ["UTM", "1", "1", "5", "7", "30", "20", zone, "North", "WGS-84"]
    place = read_georeference({"map info": info})
    assert place is not None and place.crs is None


@pytest.mark.parametrize("spelled", ["{}", "", ["PROJCS[", "broken"], ['LOCAL_CS["a"]']])
def test_a_system_spelled_out_that_is_none_leaves_that_of_the_zone(spelled: Any) -> None:
    info = ["UTM", "1", "1", "5", "7", "30", "20", "33", "South", "WGS-84"]
    place = read_georeference({"map info": info, "coordinate system string": spelled})
    assert place is not None and place.crs is not None
    assert place.crs.to_epsg() == 32733


def test_entries_without_braces_are_understood() -> None:
    place = read_georeference({"map info": "UTM, 1, 1, 5, 7, 30, 20, 33, North, WGS-84"})
    assert place is not None and place.crs is not None
    assert place.crs.to_epsg() == 32633


TURNED = math.radians(30.5)
SYSTEMS = {
    **{"WGS 84 north": 32611, "WGS 84 south": 32733, "NAD 83": 26911, "NAD 27": 26711},
    **{"ED 50": 23031, "Lambert": 2154},
}


@pytest.mark.parametrize("code", SYSTEMS.values(), ids=SYSTEMS)
def test_gdal_reads_what_is_written(tmp_path: Path, code: int) -> None:
    place = Georeference(NORTH_UP, CRS.from_epsg(code))
    values = np.array([[1, 2, np.nan]], np.float32)
    wavelengths = np.array([450.5])
    write_image(
        tmp_path / "x.img",
        Raster(values=values, georeference=place, wavelengths=wavelengths, band_names=["450.5 nm"]),
    )
    ours = read_contents(tmp_path / "x.hdr").variables["image"].metadata.georeference
    assert ours is not None
    assert_same_place(ours, NORTH_UP, place.crs)
    with opened(tmp_path / "x.img") as dataset:
        assert_same_place(place, dataset.transform, crs_of(dataset))
        assert dataset.dtypes == ("float32",) and np.isnan(dataset.nodata)
        np.testing.assert_array_equal(dataset.read(1), values)
        assert dataset.tags(ns="ENVI")["wavelength"] == "{450.5}"
        assert dataset.tags(1)["wavelength_units"] == "Nanometers"


@pytest.mark.parametrize(
    "transform",
    [
        (0.125, 0.0, 10.5, 0.0, -0.25, 50.25),
        (0.125, 0.0, 10.5, 0.0, 0.25, 50.25),  # south up, as latitudes of NetCDF may be
        (-0.125, 0.0, 10.5, 0.0, -0.25, 50.25),
        (-0.125, 0.0, 10.5, 0.0, 0.25, 50.25),
        (
            *(0.25 * math.cos(TURNED), 0.25 * math.sin(TURNED), 10.5),
            *(0.25 * math.sin(TURNED), -0.25 * math.cos(TURNED), 50.25),
        ),
        (0.0, 0.25, 10.5, 0.25, 0.0, 50.25),
    ],
    ids=["north up", "south up", "east left", "upside down", "turned", "turned by 90°"],
)
def test_gdal_reads_images_of_every_orientation(tmp_path: Path, transform: Transform) -> None:
    place = Georeference(transform, CRS.from_epsg(4326))
    mask = np.array([[0, 1], [1, 1]], np.uint8)
    write_image(tmp_path / "x.img", Raster(values=mask, georeference=place))
    ours = read_contents(tmp_path / "x.hdr").variables["image"].metadata.georeference
    assert ours is not None
    assert_same_place(ours, transform, place.crs)
    with opened(tmp_path / "x.img") as dataset:
        assert_same_place(place, dataset.transform, crs_of(dataset))
        assert dataset.dtypes == ("uint8",) and dataset.nodata == 255
        np.testing.assert_array_equal(dataset.read(1), mask)


SIZES = st.floats(1e-4, 1e4)
PLACES = st.floats(-1e7, 1e7)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(SIZES, SIZES, PLACES, PLACES, st.one_of(st.just(0.0), st.floats(-179, 179)))
def test_what_is_written_is_read_back(
    wide: float, tall: float, left: float, top: float, degrees: float
) -> None:
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    transform = (cosine * wide, sine * wide, left, sine * tall, -cosine * tall, top)
    info = map_info(Georeference(transform))["map info"]
    read = read_georeference({"map info": info.strip("{}").split(", ")})
    assert read is not None and read.crs is None
    np.testing.assert_allclose(read.transform, transform, rtol=1e-9, atol=1e-12 * (wide + tall))


@pytest.mark.parametrize(
    "transform",
    [
        (30.0, 5.0, 1e5, 0.0, -30.0, 2e5),
        (30.0, 0.0, 1e5, 5.0, -30.0, 2e5),
        (30.0, 5.0, 1e5, 5.0, 30.0, 2e5),
    ],
)
def test_no_wrong_place_is_written_for_sheared_images(transform: Transform) -> None:
    assert map_info(Georeference(transform, CRS.from_epsg(32633))) == {}


def test_a_system_without_words_at_esri_is_named_alone() -> None:
    rotated = CRS.from_cf(
        {
            "grid_mapping_name": "rotated_latitude_longitude",
            "grid_north_pole_latitude": 39.25,
            "grid_north_pole_longitude": -162.0,
        }
    )
    entries = map_info(Georeference(NORTH_UP, rotated))
    assert list(entries) == ["map info"]
    assert "Lat/Lon" not in entries["map info"] and "480805.25" in entries["map info"]


@pytest.mark.parametrize("version", ["WKT2_2019", "WKT1_ESRI"])
def test_the_map_info_names_zone_and_datum(version: Any) -> None:
    """For programs that do not read the WKT, and would take it for that of 1927."""
    crs = CRS.from_wkt(CRS.from_epsg(32733).to_wkt(version))
    entries = map_info(Georeference(NORTH_UP, crs))
    assert entries["map info"] == (
        "{UTM, 1, 1, 480805.25, 3618830.5, 30.0, 20.0, 33, South, WGS-84, units=Meters}"
    )


@pytest.mark.parametrize("datum", DATUMS)
def test_zones_are_those_of_their_datum(datum: str) -> None:
    geographic, _, south = DATUMS[datum]
    zone = "33" if datum == "European 1950" else "17"
    for side in ("North", *(["South"] if south is not None else [])):
        info = ["UTM", "1", "1", "500000", "4000000", "30", "30", zone, side, datum]
        found = read_georeference({"map info": info})
        assert found is not None and found.crs is not None
        assert found.crs.utm_zone == f"{zone}{side[0]}"
        assert found.crs.geodetic_crs == CRS.from_epsg(geographic)
