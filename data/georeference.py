"""Georeferences, and coordinate systems from WKT, EPSG codes or CF attributes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

WGS84 = CRS.from_epsg(4326)
FARTHEST = 1e30  # of map coordinates, in any unit
LONGEST, DEEPEST = 1 << 17, 30  # letters, and brackets one in the other, of coordinate systems


@dataclass(frozen=True)
class Georeference:
    """The affine transform from pixels to map coordinates, and their coordinate system.

    `transform` is (a, b, c, d, e, f): the upper left corner of a pixel is located at
    x = a·column + b·row + c and y = d·column + e·row + f, its centre half a pixel further.
    `crs` is None where the file names no known coordinate system.
    """

    transform: tuple[float, float, float, float, float, float]
    crs: CRS | None = None

    @property
    def is_usable(self) -> bool:
        """True where pixels have an area, and positions of any image are numbers."""
        a, b, _, d, e, _ = self.transform
        return all(abs(number) < FARTHEST for number in self.transform) and a * e != b * d

    def positions(
        self, rows: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Compute map coordinates x and y of positions in the image; pixel centres are integers."""
        a, b, c, d, e, f = self.transform
        across, down = columns + 0.5, rows + 0.5
        return a * across + b * down + c, d * across + e * down + f

    def longitudes_latitudes(
        self, rows: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Compute degrees east and north (WGS 84) of positions in the image, NaN off the Earth.

        None without a known coordinate system, for systems not related to the Earth, as those of
        a room or of Mars, and where no position is on it.
        """
        if self.crs is None:
            return None
        try:
            to_degrees = Transformer.from_crs(self.crs, WGS84, always_xy=True)
            east, north = to_degrees.transform(*self.positions(rows, columns))
        except ProjError:
            return None
        east = np.where((east > 180) & (east <= 360), east - 360, east)
        on_earth = (np.abs(east) <= 180) & (np.abs(north) <= 90)
        if on_earth.size and not on_earth.any():
            return None
        return np.where(on_earth, east, np.nan), np.where(on_earth, north, np.nan)

    def transposed(self) -> "Georeference":
        """Return the georeference of the image with rows and columns swapped."""
        a, b, c, d, e, f = self.transform
        return Georeference((b, a, c, e, d, f), self.crs)

    @property
    def pixel_area(self) -> float:
        """The area of a pixel in square units of the map."""
        a, b, _, d, e, _ = self.transform
        return abs(a * e - b * d)


def coordinate_system(description: Any) -> CRS | None:
    """Parse WKT, a code such as "EPSG:32633" or 32633, or the attributes of a CF grid mapping.

    None where it describes no system, or one that is not related to the Earth, such as a room's,
    and for texts that nest or last too long: parsers call themselves for each bracket.
    """
    if isinstance(description, str) and is_excessive(description):
        return None
    if isinstance(description, np.integer) or (
        isinstance(description, str) and description.strip().isdigit()
    ):
        description = int(description)
    try:
        crs = (
            CRS.from_cf(description)
            if isinstance(description, dict)
            else CRS.from_user_input(description)
        )
    except (CRSError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return crs if crs.is_geographic or crs.is_projected else None


def is_excessive(description: str) -> bool:
    """Return True for a text that is too long, or has too many brackets one in the other."""
    if len(description) > LONGEST:
        return True
    depth = deepest = 0
    for letter in description:
        depth += (letter in "[({") - (letter in "])}")
        deepest = max(deepest, depth)
    return deepest > DEEPEST
