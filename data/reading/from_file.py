"""From a file to a scene: cube and truth are found, turned, cut to the bands, and masked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import AXES, USUAL_AXES, Contents, Variable, is_swapped, likely_axes
from data.formats.registry import read_contents
from data.lazy_cube import Cube, CubeOnDisk
from data.metadata import Metadata
from data.reading.bands import chosen_bands
from data.reading.nodata import no_data
from data.reading.settings import AS_IT_IS, NO_MAP, Reading
from data.reading.truth import check_axes, read_truth, shape_of_map, turned
from data.reading.variables import find_cube, metadata_beside, plain
from data.scene import Scene, check_numeric
from utils.text import number_text, shape_text


def read_scene(
    path: Path, *, name: str, reading: Reading = AS_IT_IS, on_disk: bool = False
) -> Scene:
    """Read a scene from a file of any format; with `on_disk`, its cube stays there if it can.

    Raises SceneError where the file is damaged, or leaves open what the reading does not settle.
    """
    source = f"'{path}'"
    contents = read_contents(path)
    key, variable, notes = read_cube(contents, path, reading)
    truth, more = read_truth(contents, path, key, reading)
    notes += more
    shape = None if truth is None else truth.values.shape
    if reading.map == NO_MAP:
        shape = shape_of_map(contents, path, key, reading)
    axes, metadata, more = oriented(variable, shape, contents.format, reading)
    notes += more
    cube, more = cube_of(variable, axes, on_disk=on_disk)
    check_numeric(cube, f"{source}: the cube")
    notes += more
    truth, more = turned(truth, cube.shape, reading)
    check_axes(truth, cube.shape, reading, source)
    notes += more
    cube, metadata, more = of_chosen_bands(cube, metadata, reading, source)
    notes += more
    fill = metadata.fill if reading.nodata is None else reading.nodata
    masked, more = masked_pixels(cube, replace(metadata, fill=fill), reading, source)
    return Scene(
        name=name,
        cube=cube,
        truth=None if truth is None else truth.values,
        source=source,
        masked=masked,
        unlabelled=None if truth is None else truth.unlabelled,
        metadata=replace(metadata, masked=None, fill=fill),
        format=contents.format,
        notes=tuple(notes + more),
    )


def read_cube(contents: Contents, path: Path, reading: Reading) -> tuple[str, Variable, list[str]]:
    """Find the variable of the cube, by its name, with all that its file tells of it."""
    key = find_cube(contents, path, key=reading.data_key)
    variable = contents.variables[key]
    if len(variable.shape) != 3:
        shape = shape_text(variable.shape)
        raise SceneError(f"'{path}': '{key}' is {shape}, expected height × width × bands")
    notes = [f"the cube is '{key}'"] if len(contents.variables) > 1 and key != "data" else []
    metadata = variable.metadata
    if metadata.wavelengths is None:
        told = metadata_beside(contents, variable.shape)
        good = told.good if metadata.good is None else metadata.good
        metadata = replace(
            metadata,
            wavelengths=told.wavelengths,
            fwhm=told.fwhm,
            good=good,
            note=told.note or metadata.note,
        )
    if metadata.note:
        notes.append(metadata.note)
    if metadata.georeference is None and {"lat", "lon"} <= set(map(plain, contents.variables)):
        notes.append("its pixels lie on no map grid: places are told in pixels")
    return key, replace(variable, metadata=metadata), notes


def oriented(
    variable: Variable, truth_shape: tuple[int, ...] | None, file_format: str, reading: Reading
) -> tuple[str, Metadata, list[str]]:
    """Which axis of the cube is which, and what is still true of it once they are turned."""
    metadata, shape = variable.metadata, variable.shape
    notes = []
    axes = reading.axes or variable.axes
    if axes is None:
        bands = None if metadata.wavelengths is None else len(metadata.wavelengths)
        axes, told = likely_axes(shape, truth=truth_shape, bands=bands)
        # in MATLAB bands come last; elsewhere they often do not, and no length gives that away
        unsure = not told and not file_format.startswith("MAT")
        if unsure or axes != USUAL_AXES:
            words = " × ".join(AXES[axis] for axis in axes)
            other = " (bhw for bands first)" if axes == USUAL_AXES else ""
            notes.append(f"{shape_text(shape)} is taken for {words}; --axes settles it{other}")
    elif variable.axes is not None and is_swapped(axes, variable.axes):
        metadata = metadata.turned()
    elif variable.axes is not None and axes != variable.axes:
        if metadata.georeference or metadata.header or metadata.masked is not None:
            notes.append(
                f"--axes {axes}: the file has {variable.axes}, and where it says that pixels lie "
                f"or have no data is left out"
            )
        metadata = replace(metadata, georeference=None, masked=None, header={})
    bands = shape[axes.index("b")]
    lists = (metadata.wavelengths, metadata.good)
    if any(told is not None and len(told) != bands for told in lists):
        metadata = replace(metadata, wavelengths=None, fwhm=None, good=None)
        notes.append(
            "what the file tells of its bands (wavelengths, bad ones) is not as long as there are "
            "bands, and left out"
        )
    return axes, metadata, notes


def cube_of(variable: Variable, axes: str, *, on_disk: bool) -> tuple[Cube, list[str]]:
    """The cube with its axes turned to (H, W, B), read whole or left on disk."""
    if on_disk and variable.window is not None and 0 not in variable.shape:
        bands = np.arange(variable.shape[axes.index("b")])
        return CubeOnDisk(variable.window, variable.shape, variable.dtype, axes, bands), []
    whole = "the cube is read whole: windows are read of ENVI, .npy and MATLAB 7.3 files"
    cube = variable.read().transpose([axes.index(axis) for axis in USUAL_AXES])
    return cube, [whole] if on_disk else []


def of_chosen_bands(
    cube: Cube, metadata: Metadata, reading: Reading, source: str
) -> tuple[Cube, Metadata, list[str]]:
    """Cut a cube (H, W, B) to the bands that are used, in the order of its axes."""
    count = cube.shape[2]
    chosen, notes = chosen_bands(reading.bands, metadata.good, count=count, source=source)
    metadata = replace(metadata, numbers=np.arange(1, count + 1)).of_bands(chosen)
    if metadata.good is not None and not metadata.good.any():  # the list was not followed
        metadata = replace(metadata, good=None)
    if isinstance(cube, CubeOnDisk):
        return cube.of_bands(chosen), metadata, notes
    kept = cube if len(chosen) == count else cube[..., chosen]
    return np.ascontiguousarray(kept), metadata, notes


def masked_pixels(
    cube: Cube, metadata: Metadata, reading: Reading, source: str
) -> tuple[NDArray[np.bool_] | None, list[str]]:
    """Mark the pixels (H, W) of no data; None where there are none."""
    masked, notes = no_data(
        cube,
        fill=metadata.fill,
        mask_scattered=reading.nan == "mask",
        source=source,
        numbers=metadata.numbers,
        told=metadata.masked,
    )
    if masked is None and reading.nodata is not None:
        notes.insert(0, f"no pixel is {number_text(reading.nodata)} in all bands: none is masked")
    return masked, notes
