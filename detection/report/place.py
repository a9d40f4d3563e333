"""The place of pixels in the report's page: map coordinates, longitudes and latitudes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.georeference import Georeference

NODES = 33  # of the grid of longitudes and latitudes, in rows and columns
LARGEST_ERROR = 1e-3  # degrees by which positions between the nodes may be wrong


def place_of(georeference: Georeference | None, shape: tuple[int, int]) -> dict[str, Any] | None:
    """Describe a georeference for the page's script; None without one."""
    if georeference is None:
        return None
    crs = georeference.crs
    return {
        "transform": georeference.transform,
        "system": "" if crs is None else crs.name,
        "geographic": crs is not None and crs.is_geographic,
        "degrees": degrees_grid(georeference, shape),
    }


def degrees_grid(georeference: Georeference, shape: tuple[int, int]) -> dict[str, Any] | None:
    """Compute longitudes and latitudes on a grid, between whose nodes the page interpolates.

    Positions are within `error` degrees, computed in the middle of the cells. None where there are
    none, and where the interpolation is too coarse, as around a pole.
    """
    rows, columns = (np.linspace(0, max(length - 1, 1), NODES) for length in shape)
    nodes = degrees(georeference, rows, columns)
    if nodes is None:
        return None
    middles = degrees(georeference, *((axis[1:] + axis[:-1]) / 2 for axis in (rows, columns)))
    interpolated = (
        nodes[:, 1:, 1:] + nodes[:, 1:, :-1] + nodes[:, :-1, 1:] + nodes[:, :-1, :-1]
    ) / 4
    differences = np.abs(interpolated - (np.nan if middles is None else middles))
    error = float(np.nanmax(differences)) if np.isfinite(differences).any() else np.inf
    if error > LARGEST_ERROR:
        return None
    longitudes, latitudes = (listed(values) for values in nodes)
    return {"longitudes": longitudes, "latitudes": latitudes, "nodes": NODES, "error": error}


def degrees(
    georeference: Georeference, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Compute longitudes, without a jump at 180°, and latitudes of a grid, (2, rows, columns)."""
    found = georeference.longitudes_latitudes(*np.meshgrid(rows, columns, indexing="ij"))
    if found is None:
        return None
    longitudes, latitudes = found
    if np.nanmax(longitudes) - np.nanmin(longitudes) > 180:
        longitudes = longitudes % 360
    return np.stack([longitudes, latitudes])


def listed(values: NDArray[np.float64]) -> list[float | None]:
    """List the values row by row, to a hundredth of a millimetre on the ground; None for NaN."""
    return [None if np.isnan(value) else round(float(value), 10) for value in values.ravel()]
