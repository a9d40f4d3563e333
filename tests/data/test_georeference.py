"""Positions of pixels in map coordinates and on the Earth."""

import numpy as np
import pytest
from pyproj import CRS

from data.georeference import Georeference, coordinate_system, is_excessive

UTM = CRS.from_epsg(32633)  # its middle meridian is 15° east
NORTH_UP = (30.0, 0.0, 500_000.0, 0.0, -20.0, 4_000_000.0)


def test_whole_numbers_are_the_middles_of_pixels() -> None:
    x, y = Georeference(NORTH_UP).positions(np.array([0.0, 2.0]), np.array([0.0, 5.0]))
    assert x.tolist() == [500_015, 500_165]
    assert y.tolist() == [3_999_990, 3_999_950]


def test_a_rotated_image_mixes_rows_and_columns() -> None:
    turned = Georeference((0.0, 20.0, 100.0, 30.0, 0.0, 200.0))  # east is down, north to the right
    x, y = turned.positions(np.array([1.5]), np.array([0.5]))
    assert (x.tolist(), y.tolist()) == ([140], [230])
    assert turned.pixel_area == 600


def test_longitude_comes_first_whatever_the_order_of_the_systems_axes() -> None:
    place = Georeference(NORTH_UP, UTM)
    middle = place.longitudes_latitudes(np.array([-0.5]), np.array([-0.5]))
    assert middle is not None
    longitude, latitude = middle
    np.testing.assert_allclose(longitude, 15, atol=1e-9)
    np.testing.assert_allclose(latitude, 36.14, atol=0.01)
    degrees = Georeference((0.1, 0.0, 10.0, 0.0, -0.1, 50.0), CRS.from_epsg(4326))
    assert degrees.longitudes_latitudes(np.array([-0.5]), np.array([-0.5])) == (
        pytest.approx([10]),
        pytest.approx([50]),
    )


def test_without_a_system_there_are_no_degrees() -> None:
    assert Georeference(NORTH_UP).longitudes_latitudes(np.zeros(1), np.zeros(1)) is None


@pytest.mark.parametrize(
    "transform", [NORTH_UP, (30.0, 0.0, 5.0, 0.0, 20.0, 7.0), (-30.0, 7.0, 5.0, 0.0, 20.0, 7.0)]
)
def test_the_area_is_positive_whichever_way_is_up(
    transform: tuple[float, float, float, float, float, float],
) -> None:
    assert Georeference(transform, UTM).pixel_area == 600


@pytest.mark.parametrize(
    "crs",
    [
        "+proj=longlat +R=3396190 +no_defs +type=crs",
        "IAU_2015:49900",
        "IAU_2015:30100",
        'LOCAL_CS["room", UNIT["metre", 1]]',
    ],
)
def test_what_leads_nowhere_on_the_earth_has_no_degrees(crs: str) -> None:
    place = Georeference((1e6, 0.0, 5e5, 0.0, -1e6, 4e6), CRS.from_user_input(crs))
    assert place.longitudes_latitudes(np.zeros(2), np.zeros(2)) is None


def test_places_off_the_earth_are_nan_next_to_others() -> None:
    metadata = Georeference((1.0, 0.0, 0.0, 0.0, -1.0, 4e6), UTM).longitudes_latitudes(
        np.zeros(2), np.array([5e5, 1e12])
    )
    assert metadata is not None
    for values in metadata:
        assert np.isfinite(values).tolist() == [True, False]
    nowhere = Georeference((1.0, 0.0, 1e12, 0.0, -1.0, 4e6), UTM)
    assert nowhere.longitudes_latitudes(np.zeros(2), np.zeros(2)) is None
    none = nowhere.longitudes_latitudes(np.zeros(0), np.zeros(0))
    assert none is not None and none[0].size == none[1].size == 0


def test_longitudes_to_the_east_of_the_date_line_are_negative() -> None:
    degrees = Georeference((90.0, 0.0, 0.0, 0.0, -1.0, 10.0), CRS.from_epsg(4326))
    metadata = degrees.longitudes_latitudes(np.full(5, -0.5), np.arange(-0.5, 4.5))
    assert metadata is not None
    assert metadata[0].tolist() == [0, 90, 180, -90, 0]


def test_a_turned_image_lies_where_it_lay() -> None:
    sheared = Georeference((30.0, 7.0, 5.0, -3.0, -20.0, 9.0), UTM)
    rows, columns = np.array([0.0, 2.0]), np.array([5.0, 1.0])
    np.testing.assert_allclose(
        sheared.transposed().positions(columns, rows), sheared.positions(rows, columns)
    )


@pytest.mark.parametrize("opening", ['PROJCS["a",', '{"type":', "[", "("])
def test_a_coordinate_system_that_nests_without_end_is_none(opening: str) -> None:
    for depth in (31, 20_000, 200_000):
        assert coordinate_system(opening * depth) is None


def test_a_long_coordinate_system_is_read() -> None:
    crs = CRS.from_epsg(32633)
    assert coordinate_system(crs.to_wkt("WKT2_2019")) == crs
    assert coordinate_system(crs.to_json()) == crs


def test_beyond_the_poles_there_is_no_earth() -> None:
    degrees = Georeference((1.0, 0.0, 0.0, 0.0, -1.0, 91.0), CRS.from_epsg(4326))
    found = degrees.longitudes_latitudes(np.array([-0.5, 0.5]), np.array([-0.5, -0.5]))
    np.testing.assert_array_equal(found, [[np.nan, 0], [np.nan, 90]])


def test_brackets_count_where_they_are_one_in_the_other() -> None:
    assert is_excessive("[" * 31 + "]" * 31) and not is_excessive("[" * 30 + "]" * 30 + "[]" * 31)
