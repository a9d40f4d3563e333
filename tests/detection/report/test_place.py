"""The place of pixels in a page."""

import numpy as np
import pytest
from pyproj import CRS

from data.georeference import Georeference
from detection.report.place import NODES, place_of

UTM = CRS.from_epsg(32633)


def test_positions_between_the_nodes_are_right() -> None:
    place = Georeference((30.0, 2, 4.2e5, -2, -30.0, 5.1e6), UTM)
    described = place_of(place, (1000, 800))
    assert described is not None and described["transform"] == place.transform
    assert described["system"] == "WGS 84 / UTM zone 33N" and not described["geographic"]
    grid = described["degrees"]
    assert grid["error"] < 1e-6  # a decimetre
    nodes = np.reshape([grid["longitudes"], grid["latitudes"]], (2, NODES, NODES))
    corners = place.longitudes_latitudes(np.array([0.0, 999]), np.array([0.0, 799]))
    assert corners is not None
    assert np.allclose(nodes[:, [0, -1], [0, -1]], corners, atol=1e-9)


def test_a_scene_across_the_date_line_has_no_jump() -> None:
    place = place_of(Georeference((0.01, 0, 179.5, 0, -0.01, 10.0), CRS.from_epsg(4326)), (50, 100))
    assert place is not None and place["geographic"]
    longitudes = place["degrees"]["longitudes"]
    assert min(longitudes) == pytest.approx(179.505) and max(longitudes) == pytest.approx(180.495)
    assert place["degrees"]["error"] < 1e-9


def test_a_single_pixel_and_unknown_systems_have_what_there_is() -> None:
    known = place_of(Georeference((30.0, 0, 5e5, 0, -30.0, 4e6), UTM), (1, 1))
    assert known is not None and known["degrees"] is not None
    unknown = place_of(Georeference((1.0, 0, 0, 0, -1.0, 0)), (10, 10))
    assert unknown is not None
    assert (unknown["system"], unknown["degrees"]) == ("", None)
    assert place_of(None, (10, 10)) is None


def test_around_a_pole_there_are_no_longitudes() -> None:
    polar = Georeference((1000.0, 0, -5e5, 0, -1000.0, 5e5), CRS.from_epsg(3413))
    place = place_of(polar, (1000, 1000))
    assert place is not None and place["degrees"] is None
