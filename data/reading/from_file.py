"""Build a Scene from a file: find cube and ground truth, orient, select bands, mask."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.checks import check_numeric
from data.errors import SceneError
from data.formats.contents import AXES, USUAL_AXES, Contents, Variable, is_swapped, likely_axes
from data.formats.registry import LAZY, named
from data.lazy_cube import Cube, LazyCube
from data.metadata import Metadata
from data.reading.arrangement import arranged
from data.reading.bands import used_bands
from data.reading.folder import one_band_note, scene_contents
from data.reading.labels import Truth
from data.reading.masks import note_on_bands
from data.reading.nodata import mask_no_data, notes_on_doubtful_values
from data.reading.placement import place_truth
from data.reading.settings import DEFAULTS, ReadSettings
from data.reading.truth import (
    check_axes,
    notes_on_swap,
    read_truth,
    transpose_to_cube,
    truth_shape,
)
from data.reading.usual_names import normalised
from data.reading.variables import find_cube
from data.reading.wavelengths import complete_metadata
from data.scene import Scene
from utils.text import number_text, shape_text

Notes = list[str]


def read_scene(
    path: Path, *, name: str, reading: ReadSettings = DEFAULTS, on_disk: bool = False
) -> Scene:
    """Read a scene from a file of any format; with `on_disk`, its cube stays there if it can.

    Raises SceneError where the file is damaged, or where it needs a setting to be unambiguous.
    """
    source = f"'{path}'"
    contents = arranged(scene_contents(path), path, key=reading.data_key)
    key, variable, notes = find_variable(contents, path, reading)
    truth, more = read_truth(contents, path, key, reading)
    notes += more
    shape = truth_shape(contents, path, key, reading) if truth is None else truth.values.shape
    axes, metadata, more = orient(variable, shape, contents.format, reading)
    notes += more
    height, width, bands = (variable.shape[axes.index(axis)] for axis in USUAL_AXES)
    notes += [one_band_note(path)] if bands == 1 else []
    truth, more = place_truth(truth, metadata.georeference, size=(height, width), source=source)
    notes += more
    cube, truth, more = read_arrays(
        variable, axes, truth, reading=reading, source=source, on_disk=on_disk
    )
    notes += more
    cube, metadata, more = select_bands(cube, metadata, reading, source)
    notes += more
    metadata = with_chosen_no_data(metadata, reading)
    masked, more, doubts = mask_pixels(cube, metadata, reading, source)
    notes += [*more, *doubts, *notes_on_swap(truth, masked)]
    return Scene(
        name=name,
        cube=cube,
        truth=None if truth is None else truth.values,
        source=source,
        masked=masked,
        unlabelled=None if truth is None else truth.unlabelled,
        metadata=replace(metadata, masked=None),
        format=contents.format,
        notes=tuple(notes),
        doubts=tuple(doubts),
    )


def find_variable(
    contents: Contents, path: Path, reading: ReadSettings
) -> tuple[str, Variable, Notes]:
    """Find the variable of the cube by its name, and complete its metadata."""
    key = find_cube(contents, path, key=reading.data_key)
    variable = contents.variables[key]
    if not variable.shape and variable.hint:
        raise SceneError(f"'{path}': '{key}' is no array of numbers here; {variable.hint}")
    if len(variable.shape) != 3:
        shape = shape_text(variable.shape)
        raise SceneError(f"'{path}': '{key}' is {shape}, expected height × width × bands")
    notes = [f"the cube is '{key}'"] if len(contents.variables) > 1 and key != "data" else []
    metadata = complete_metadata(contents, key)
    if metadata.note:
        notes.append(metadata.note)
    if reading.bands is None:
        notes += note_on_bands(variable.band_names)
    if metadata.georeference is None and {"lat", "lon"} <= set(map(normalised, contents.variables)):
        notes.append("not on a map grid: locations are given in pixels")
    return key, replace(variable, metadata=metadata), notes


def orient(
    variable: Variable,
    truth_size: tuple[int, ...] | None,
    format_name: str,
    reading: ReadSettings,
) -> tuple[str, Metadata, Notes]:
    """Determine the axes of the cube, and the metadata that hold for this order of them."""
    metadata = variable.metadata
    notes: Notes = []
    axes = reading.axes or variable.axes
    if axes is None:
        axes, notes = guess_axes(variable, truth_size, format_name)
    elif variable.axes is not None and is_swapped(axes, variable.axes):
        metadata = metadata.transposed()
    elif variable.axes is not None and axes != variable.axes:
        if metadata.georeference or metadata.header or metadata.masked is not None:
            notes.append(
                f"--axes {axes}: the file has {variable.axes}, and its georeference and no-data "
                f"mask are ignored"
            )
        metadata = replace(metadata, georeference=None, masked=None, header={})
    bands = variable.shape[axes.index("b")]
    lists = (metadata.wavelengths, metadata.good)
    if any(values is not None and len(values) != bands for values in lists):
        metadata = replace(metadata, wavelengths=None, fwhm=None, good=None)
        notes.append(
            "the numbers per band in the file (wavelengths, bad bands) are not as many as its "
            "bands, and ignored"
        )
    return axes, metadata, notes


def guess_axes(
    variable: Variable, truth_size: tuple[int, ...] | None, format_name: str
) -> tuple[str, Notes]:
    """Guess the axes of a cube, with a note unless they are the usual ones."""
    wavelengths = variable.metadata.wavelengths
    bands = None if wavelengths is None else len(wavelengths)
    axes, confirmed = likely_axes(variable.shape, truth=truth_size, bands=bands)
    format = named(format_name)
    certain = confirmed or (format is not None and format.bands_last)
    if certain and axes == USUAL_AXES:
        return axes, []
    order = " × ".join(AXES[axis] for axis in axes)
    example = " (bhw for bands first)" if axes == USUAL_AXES else ""
    return axes, [f"{shape_text(variable.shape)} assumed to be {order}; --axes sets it{example}"]


def read_arrays(
    variable: Variable,
    axes: str,
    truth: Truth | None,
    *,
    reading: ReadSettings,
    source: str,
    on_disk: bool,
) -> tuple[Cube, Truth | None, Notes]:
    """Read the cube, and transpose the ground truth to it where necessary."""
    cube, notes = read_cube_data(variable, axes, on_disk=on_disk)
    check_numeric(cube, f"{source}: the cube")
    truth, more = transpose_to_cube(truth, cube.shape, reading)
    check_axes(truth, cube.shape, reading, source)
    return cube, truth, notes + more


def read_cube_data(variable: Variable, axes: str, *, on_disk: bool) -> tuple[Cube, Notes]:
    """Read the cube as (H, W, B), whole or left on disk."""
    if on_disk and variable.window is not None and 0 not in variable.shape:
        bands = np.arange(variable.shape[axes.index("b")])
        return LazyCube(variable.window, variable.shape, variable.dtype, axes, bands), []
    whole = f"the whole cube is read: only {LAZY} files are read in blocks"
    cube = variable.read().transpose([axes.index(axis) for axis in USUAL_AXES])
    return cube, [whole] if on_disk else []


def select_bands(
    cube: Cube, metadata: Metadata, reading: ReadSettings, source: str
) -> tuple[Cube, Metadata, Notes]:
    """Cut a cube (H, W, B) to the bands that are used, in C order."""
    count = cube.shape[2]
    indices, notes = used_bands(reading.bands, metadata.good, count=count, source=source)
    metadata = replace(metadata, numbers=np.arange(1, count + 1)).select_bands(indices)
    if metadata.good is not None and not metadata.good.any():  # the list was ignored
        metadata = replace(metadata, good=None)
    if isinstance(cube, LazyCube):
        return cube.select_bands(indices), metadata, notes
    selected = cube if len(indices) == count else cube[..., indices]
    return np.ascontiguousarray(selected), metadata, notes


def with_chosen_no_data(metadata: Metadata, reading: ReadSettings) -> Metadata:
    """Replace the no-data values that a file declares by that of the settings, if there is one."""
    if reading.nodata is None:
        return metadata
    return replace(metadata, fill=reading.nodata, other_fills=(), valid=None)


def mask_pixels(
    cube: Cube, metadata: Metadata, reading: ReadSettings, source: str
) -> tuple[NDArray[np.bool_] | None, Notes, Notes]:
    """Return the no-data mask (H, W), notes on it, and doubts on values of other pixels.

    The mask is None where no pixel is masked.
    """
    masked, notes = mask_no_data(
        cube,
        no_data=metadata.no_data,
        mask_scattered=reading.nan == "mask",
        source=source,
        numbers=metadata.numbers,
        declared=metadata.masked,
    )
    if masked is None and reading.nodata is not None:
        notes.insert(0, f"no pixel is {number_text(reading.nodata)} in all bands: none is masked")
    return masked, notes, notes_on_doubtful_values(cube, masked, metadata.no_data)
