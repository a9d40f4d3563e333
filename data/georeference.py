"""Where on the Earth the pixels of a scene lie."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

WGS84 = CRS.from_epsg(4326)


@dataclass(frozen=True)
class Georeference:
    """The affine transform from pixels to map coordinates, and the system that these are in.

    `transform` is (a, b, c, d, e, f): the upper left corner of a pixel lies at
    x = a·column + b·row + c and y = d·column + e·row + f, its middle half a pixel further.
    `crs` is None where the file names no coordinate system that is known.
    """

    transform: tuple[float, float, float, float, float, float]
    crs: CRS | None = None

    def positions(
        self, rows: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Map coordinates x and y of places in the image, where whole numbers are the middles."""
        a, b, c, d, e, f = self.transform
        across, down = columns + 0.5, rows + 0.5
        return a * across + b * down + c, d * across + e * down + f

    def longitudes_latitudes(
        self, rows: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Degrees east and north (WGS 84) of places in the image, NaN for one not on the Earth.

        None where no system is known, where none of its coordinates lead to the Earth, as those of
        a room or of Mars do not, and where no place is on it.
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

    def turned(self) -> "Georeference":
        """Where the same pixels lie when rows and columns of the image are swapped."""
        a, b, c, d, e, f = self.transform
        return Georeference((b, a, c, e, d, f), self.crs)

    @property
    def pixel_area(self) -> float:
        """The area of a pixel in square units of the map."""
        a, b, _, d, e, _ = self.transform
        return abs(a * e - b * d)


def coordinate_system(told: Any) -> CRS | None:
    """Make sense of WKT, a code such as "EPSG:32633" or 32633, or the attributes that CF describes.

    None where there is none in it, or one that has no place on the Earth, such as a room's.
    """
    if isinstance(told, np.integer) or (isinstance(told, str) and told.strip().isdigit()):
        told = int(told)
    try:
        crs = CRS.from_cf(told) if isinstance(told, dict) else CRS.from_user_input(told)
    except (CRSError, KeyError, TypeError, ValueError):
        return None
    return crs if crs.is_geographic or crs.is_projected else None
