"""Scale and north of a scene that has a place on the Earth."""

import math
from dataclasses import dataclass

import numpy as np
from pyproj import Geod

from data.georeference import Georeference
from data.known_scenes.catalogue import canonical_name, catalogue
from data.scene import Scene

WGS84 = Geod(ellps="WGS84")
SQUARE = 0.02  # the difference of the sides of a pixel up to which it counts as square
STEPS = (1, 2, 5)  # lengths of scale bars, times a power of ten


@dataclass(frozen=True)
class Place:
    """The scale of an image in its centre, and the direction of north.

    `metres` are those across one column. `square` is False where a row has another size. `north`
    is a unit vector (right, up) in the image, None where it is unknown.
    """

    metres: float
    square: bool = True
    north: tuple[float, float] | None = None

    def bar(self, columns: int) -> tuple[float, str]:
        """Return the length of a scale bar in columns, for an image of so many, and its text."""
        longest = 0.4 * columns * self.metres
        power = 10 ** math.floor(math.log10(longest))
        length = max(step * power for step in STEPS if step * power <= longest)
        text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
        return length / self.metres, text if self.square else f"{text} across"


def place_of(scene: Scene) -> Place | None:
    """Find scale and north by the georeference of a scene, or its scale in the catalogue."""
    height, width, _ = scene.cube.shape
    georeference = scene.metadata.georeference
    found = None if georeference is None else measured_place(georeference, height, width)
    return found or catalogued_place(scene.name, (height, width))


def catalogued_place(name: str, shape: tuple[int, int]) -> Place | None:
    """Return the scale of a known scene; None for another shape under its name, such as a part."""
    facts = catalogue().get(canonical_name(name), {})
    if not facts.get("pixel_metres") or tuple(facts["shape"][:2]) != shape:
        return None
    return Place(float(facts["pixel_metres"]))


def measured_place(georeference: Georeference, height: int, width: int) -> Place | None:
    """Measure a pixel in the centre of an image on the ellipsoid, whatever the projection.

    None without a known coordinate system, and off the Earth.
    """
    row, column = (height - 1) / 2, (width - 1) / 2
    rows = row + np.array([0, 0, -0.5, 0.5])  # half a pixel to the left, right, up and down
    columns = column + np.array([-0.5, 0.5, 0, 0])
    degrees = georeference.longitudes_latitudes(rows, columns)
    if degrees is None or not np.isfinite(degrees).all():
        return None
    (west, east, top, bottom), (south, north, high, low) = degrees
    across = displacement(west, south, east, north)
    up = displacement(bottom, low, top, high)
    metres, vertical = math.hypot(*across), math.hypot(*up)
    steps = np.array([across, up]).T  # from columns and rows upwards to metres east and north
    if min(metres, vertical) == 0 or abs(np.linalg.det(steps)) < 1e-6 * metres * vertical:
        return None
    right, upwards = np.linalg.solve(steps, [0, 1])
    length = math.hypot(right, upwards)
    square = abs(metres - vertical) <= SQUARE * max(metres, vertical)
    return Place(metres, square, (float(right / length), float(upwards / length)))


def displacement(
    longitude: float, latitude: float, to_longitude: float, to_latitude: float
) -> tuple[float, float]:
    """Compute how many metres east and north one place is of another."""
    azimuth, _, metres = WGS84.inv(longitude, latitude, to_longitude, to_latitude)
    angle = math.radians(azimuth)
    return metres * math.sin(angle), metres * math.cos(angle)
