"""Scale and north of scenes."""

import math

import numpy as np
import pytest

from data.georeference import Georeference, coordinate_system
from data.metadata import Metadata
from data.scene import Scene
from detection.figures.maps import maps_figure
from detection.figures.place import Place, place_of


def a_scene(
    georeference: Georeference | None = None, *, name: str = "small", side: int = 20
) -> Scene:
    """A scene of side × side pixels at a place."""
    cube = np.arange(side * side * 3, dtype=np.float32).reshape(side, side, 3)
    return Scene(name, cube, None, "nowhere", metadata=Metadata(georeference=georeference))


def turned(degrees: float) -> Georeference:
    """A georeference of 10 m whose columns run so many degrees north of east."""
    cos, sin = 10 * math.cos(math.radians(degrees)), 10 * math.sin(math.radians(degrees))
    return Georeference((cos, sin, 500000, sin, -cos, 5e6), coordinate_system("EPSG:32633"))


@pytest.mark.parametrize("degrees", [0, 30, 90, 200])
def test_north_is_turned_as_the_image_is(degrees: float) -> None:
    place = place_of(a_scene(turned(degrees)))
    assert place is not None and place.square
    assert place.metres == pytest.approx(10, rel=1e-3)  # the scale of UTM on its meridian is 0.9996
    angle = math.radians(degrees)
    assert place.north == pytest.approx((math.sin(angle), math.cos(angle)), abs=1e-3)


def test_an_image_from_south_to_north_has_north_below() -> None:
    upright = turned(0)
    a, b, c, d, e, f = upright.transform
    place = place_of(a_scene(Georeference((a, b, c, d, -e, f), upright.crs)))
    assert place is not None and place.north == pytest.approx((0, -1), abs=1e-3)


def test_feet_and_degrees_are_metres_on_the_ground() -> None:
    california = coordinate_system("EPSG:2227")
    feet = place_of(a_scene(Georeference((100, 0, 6e6, 0, -100, 2e6), california)))
    assert feet is not None and feet.metres == pytest.approx(30.48, rel=1e-3)
    degrees = coordinate_system("EPSG:4326")
    place = place_of(a_scene(Georeference((1e-4, 0, 15, 0, -1e-4, 60), degrees)))
    assert place is not None and not place.square
    assert place.metres == pytest.approx(1e-4 * 111_412.88 * math.cos(math.radians(60)), rel=3e-3)
    assert place.bar(20)[1] == "20 m across"


def test_without_a_known_system_there_is_no_scale() -> None:
    assert place_of(a_scene(Georeference((10, 0, 0, 0, -10, 0)))) is None
    assert place_of(a_scene()) is None
    off = Georeference((10, 0, 1e12, 0, -10, 1e12), coordinate_system("EPSG:32633"))
    assert place_of(a_scene(off)) is None


def test_a_known_scene_has_its_scale_but_no_north_and_a_part_of_it_neither() -> None:
    assert place_of(a_scene(name="Gulfport", side=100)) == Place(3.4)
    assert place_of(a_scene(name="Gulfport", side=50)) is None


@pytest.mark.parametrize(
    ("metres", "columns", "pixels", "text"),
    [(3.4, 100, 100 / 3.4, "100 m"), (10, 20, 5, "50 m"), (30, 1000, 10000 / 30, "10 km")],
)
def test_bars_have_round_lengths(metres: float, columns: int, pixels: float, text: str) -> None:
    assert Place(metres).bar(columns) == (pytest.approx(pixels), text)


def test_the_bar_below_the_image_is_as_long_as_its_text_says() -> None:
    figure = maps_figure(a_scene(turned(0)), {"RX": np.eye(20, dtype=np.float32)})
    below = next(axes for axes in figure.axes if axes.lines)
    assert [text.get_text() for text in below.texts] == ["50 m", "", "N"]  # the arrow has no text
    image = figure.axes[0].get_position().width * figure.get_figwidth()  # inches, of 200 m
    ends = np.asarray(below.lines[0].get_xdata())
    inches = below.get_position().width * figure.get_figwidth() / np.ptp(below.get_xlim())
    assert np.ptp(ends) * inches == pytest.approx(image / 4, rel=2e-3)
