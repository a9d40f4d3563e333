"""Where on the Earth the pixels of a scene lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer

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
        """Degrees east and north (WGS 84) of places in the image; None where no system is known."""
        if self.crs is None:
            return None
        to_degrees = Transformer.from_crs(self.crs, WGS84, always_xy=True)
        return to_degrees.transform(*self.positions(rows, columns))

    @property
    def pixel_area(self) -> float:
        """The area of a pixel in square units of the map."""
        a, b, _, d, e, _ = self.transform
        return abs(a * e - b * d)
