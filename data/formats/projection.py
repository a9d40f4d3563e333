"""Coordinate systems as files name them."""

from typing import Any

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError


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
