"""NEON's reflectance of the airborne spectrometer: one group for the site, with all metadata."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data.formats.contents import BandLists, Contents, Variable
from data.formats.envi.map_info import read_georeference
from data.formats.hdf5.attributes import attribute, readable, text
from data.formats.hdf5.declared import number
from data.formats.hdf5.opening import member
from data.formats.hdf5.product import Product
from data.formats.hdf5.storage import read_values
from data.georeference import Georeference, coordinate_system

CUBES = ("Reflectance/Reflectance_Data", "Radiance/Radiance_Data")  # in the group of the site
PLACE, SPECTRAL = "Metadata/Coordinate_System", "Metadata/Spectral_Data"
FILL, SCALE = "Data_Ignore_Value", "Scale_Factor"


def cube_name(contents: Contents) -> str:
    """Return the name of the cube; empty where the file has none."""
    return next((name for name in contents.variables if name.endswith(CUBES)), "")


def adapt(file: h5py.File, contents: Contents) -> Contents:
    """Return the contents with the metadata of the cube."""
    name = cube_name(contents)
    cube = described(contents.variables[name], member(file, name))
    return replace(contents, variables={**contents.variables, name: cube}, cube=name)


def described(cube: Variable, dataset: h5py.Dataset) -> Variable:
    """Return the cube with its axes, scale, no-data value and georeference."""
    scale = number(dataset, SCALE)
    fill = number(dataset, FILL, finite=False)
    georeference = read_place(dataset.parent)
    note = other_notes(cube) if scale else cube.metadata.note
    metadata = replace(
        cube.metadata,
        fill=cube.metadata.fill if fill is None else fill,
        gain=1 / scale if scale else cube.metadata.gain,
        georeference=georeference or cube.metadata.georeference,
        note=note,
    ).noted(unusable_note(dataset.parent))
    lists = (read_lists(dataset.parent), *cube.band_lists)
    return replace(cube, axes=cube.axes or "hwb", metadata=metadata, band_lists=lists)


def other_notes(cube: Variable) -> str:
    """Return the notes on the cube without that on its scale, which is applied here."""
    notes = cube.metadata.note.split("; ")
    return "; ".join(note for note in notes if not note.startswith(f"'{SCALE}'"))


def read_lists(group: h5py.Group) -> BandLists:
    """Read the wavelengths and widths, in nm unless they say otherwise."""
    found = {name: member(group, f"{SPECTRAL}/{name}") for name in ("Wavelength", "FWHM")}
    lists = {name: item for name, item in found.items() if is_list(item)}
    if len({item.shape for item in lists.values()}) > 1:
        del lists["FWHM"]
    path = Path(group.file.filename)
    values = {name: read_values(item, path) for name, item in lists.items()}
    units = text(lists["Wavelength"], "Units") if "Wavelength" in lists else ""
    return BandLists(
        wavelengths=values.get("Wavelength"),
        fwhm=values.get("FWHM"),
        units=units.lower() or "nm",
    )


def is_list(item: Any) -> bool:
    """Return True for a dataset of numbers along one axis."""
    return isinstance(item, h5py.Dataset) and item.ndim == 1 and item.dtype.kind in "iuf"


def unusable_note(group: h5py.Group) -> str:
    """Note the ranges of wavelengths that the product calls unusable; empty without any."""
    ranges = [attribute(group, f"Band_Window_{index}_Nanometers") for index in (1, 2)]
    pairs = [f"{pair[0]:g}–{pair[1]:g} nm" for pair in ranges if is_pair(pair)]
    if not pairs:
        return ""
    text = " and ".join(pairs)
    return f"the product calls {text} unusable (water vapour); --bands leaves them out"


def is_pair(value: Any) -> bool:
    """Return True for an array of two numbers."""
    return isinstance(value, np.ndarray) and value.shape == (2,) and value.dtype.kind in "iuf"


def read_place(group: h5py.Group) -> Georeference | None:
    """Read the georeference, which is written as in headers of ENVI; None where there is none."""
    info = entry(group, "Map_Info").strip("{}")
    header = {
        "map info": [part.strip() for part in info.split(",")],
        "coordinate system string": entry(group, "Coordinate_System_String"),
    }
    georeference = read_georeference(header)
    code = coordinate_system(entry(group, "EPSG Code")) if georeference else None
    return georeference if georeference is None or code is None else replace(georeference, crs=code)


def entry(group: h5py.Group, name: str) -> str:
    """Read a text of the metadata; empty where it is missing."""
    for place in (f"{PLACE}/{name}", f"{PLACE}/{name.replace('_', ' ')}"):
        item = member(group, place)
        if isinstance(item, h5py.Dataset) and item.size == 1:
            return readable(item[()] if item.shape == () else item[()].ravel()[0])
    return ""


NEON = Product(name="NEON", recognises=lambda contents: bool(cube_name(contents)), adapt=adapt)
