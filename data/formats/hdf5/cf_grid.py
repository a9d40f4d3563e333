"""CF georeference of NetCDF files (Climate and Forecast conventions).

EMIT's attributes `geotransform` and `spatial_ref` at the root are not used: they describe the grid
that its swaths are to be rectified to, not that of the arrays in the file.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from data.formats.hdf5.attributes import (
    attribute,
    is_numeric,
    is_placeholder,
    readable,
    scale_of,
    text,
)
from data.formats.hdf5.opening import member
from data.formats.hdf5.packing import packing_of
from data.formats.hdf5.storage import read_values
from data.formats.hdf5.virtual import obstacle
from data.georeference import WGS84, Georeference, coordinate_system

UNEVEN = 0.05  # pixels that coordinates may deviate from an even grid: float32 degrees do so
KILOMETRES = ("km", "kilometer", "kilometers", "kilometre", "kilometres")
# attributes of a grid mapping that each name a whole system
CRS_ATTRIBUTES = ("crs_wkt", "spatial_ref", "epsg_code")


def read_georeference(dataset: h5py.Dataset, axes: str | None, path: Path) -> Georeference | None:
    """Read the georeference of an array from the coordinates of its rows and columns.

    None where there are none, where they are unevenly spaced, or where they may be no more than
    numbers of rows and columns.
    """
    if axes is None or not {"h", "w"} <= set(axes):
        return None
    x, y = (coordinate(dataset, axes.index(letter)) for letter in "wh")
    if x is None or y is None:
        return None
    across, down = spacing(in_metres(x, path)), spacing(in_metres(y, path))
    crs = read_crs(dataset, x, y)
    measured = all(text(scale, "units") not in ("", "1") for scale in (x, y))
    if across is None or down is None or not (crs or measured):
        return None
    (left, wide), (top, tall) = across, down
    return Georeference((wide, 0.0, left, 0.0, tall, top), crs)


def coordinate(dataset: h5py.Dataset, axis: int) -> h5py.Dataset | None:
    """Find the coordinates of the pixels' centres along an axis; None where there are none."""
    scale = scale_of(dataset, axis)
    if scale is None or is_placeholder(scale) or not is_numeric(scale) or obstacle(scale):
        return None
    return scale if scale.shape == (dataset.shape[axis],) else None


def in_metres(scale: h5py.Dataset, path: Path) -> NDArray[np.float64]:
    """Read coordinates, unpacked, and converted to metres where they are in kilometres."""
    metres = 1000 if text(scale, "units").lower() in KILOMETRES else 1
    values, packing = read_values(scale, path), packing_of(scale, scale.dtype, scale.shape)
    if not packing.scale.is_neutral:
        return packing.unpacked(values, is_list=True) * metres
    return packing.meant(values).astype(np.float64) * metres


def spacing(centres: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the outer edge of the first pixel and the step to the next; None for unequal steps."""
    if len(centres) < 2:
        return None
    step = float(centres[-1] - centres[0]) / (len(centres) - 1)
    even = centres[0] + step * np.arange(len(centres))
    if step == 0 or not (np.abs(centres - even) <= UNEVEN * abs(step)).all():
        return None
    return float(centres[0]) - step / 2, step


def read_crs(dataset: h5py.Dataset, x: h5py.Dataset, y: h5py.Dataset) -> CRS | None:
    """Read the system of the grid mapping; WGS 84 without one, for coordinates in degrees."""
    mapping = grid_mapping(dataset)
    if mapping is not None:
        entries: list[Any] = [mapping_attribute(mapping, name) for name in CRS_ATTRIBUTES]
        if text(mapping, "grid_mapping_name"):
            entries.append({name: mapping_attribute(mapping, name) for name in mapping.attrs})
        systems = (coordinate_system(entry) for entry in entries)
        return next((system for system in systems if system is not None), None)
    return (
        WGS84 if is_degrees(x, "longitude", "east") and is_degrees(y, "latitude", "north") else None
    )


def mapping_attribute(mapping: Any, name: str) -> Any:
    """Read an attribute of a grid mapping, as a text where it is one."""
    value = attribute(mapping, name)
    return readable(value) or value


def grid_mapping(dataset: h5py.Dataset) -> Any:
    """Find the grid mapping that an array names, in its own group or one above; None for none."""
    name = text(dataset, "grid_mapping").partition(":")[0].strip()
    places = str(dataset.name).split("/")[:-1]
    while name and places:
        group = member(dataset.file["/"], "/".join(places))
        found = None if group is None else member(group, name)
        if found is not None:
            return found
        places.pop()
    return None


def is_degrees(scale: h5py.Dataset, kind: str, towards: str) -> bool:
    """Return True for degrees of longitude or latitude, not those of a rotated grid."""
    units, name = text(scale, "units").lower(), str(scale.name).rsplit("/", 1)[-1].lower()
    named = kind in (name, text(scale, "standard_name")) or name == kind[:3]
    return units.startswith("degree") and (
        towards in units or units.endswith("_" + towards[0]) or named
    )
