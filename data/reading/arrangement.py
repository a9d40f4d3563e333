"""Turn arrays that hold a cube in another arrangement into arrays of three axes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from data.formats.contents import Contents, Variable
from data.formats.guards import guarded_variable
from data.reading.band_names import find_bands
from data.reading.band_stack import plane, stack
from data.reading.pixel_matrix import with_reshaped
from data.reading.unit_axes import without_unit_axes
from data.reading.usual_names import CUBE_NAMES, is_truth_name
from data.reading.variables import numeric, with_usual_names


def arranged(contents: Contents, path: Path, *, key: str | None) -> Contents:
    """Return the contents of a file with a cube made of other arrays, where it has none itself.

    `key` is the name of the cube, if the user gave one.
    """
    contents = without_unit_axes(contents)
    if key is not None and key in contents.variables and len(contents.variables[key].shape) == 2:
        return with_reshaped(contents, key=key) or contents
    if has_cube(contents):
        return contents
    return with_reshaped(contents) or with_stacks(contents, path)


def has_cube(contents: Contents) -> bool:
    """Return True where an array has three axes, and is not one of several of one band each."""
    cubes = [found.shape for found in numeric(contents).values() if len(found.shape) == 3]
    return len(cubes) == 1 or any(1 not in shape for shape in cubes)


def with_stacks(contents: Contents, path: Path) -> Contents:
    """Replace variables of one band each, such as B01 to B20, by a cube of their common name."""
    found = {name: plane(variable) for name, variable in numeric(contents).items()}
    images = {name: variable for name, variable in found.items() if variable is not None}
    if with_usual_names(images, CUBE_NAMES):
        return contents  # a matrix, whose size is not known
    planes = {
        name: variable
        for name, variable in images.items()
        if not is_truth_name(name.rstrip("0123456789"))
    }
    stacks: dict[str, Variable] = {}
    others: Mapping[str, Variable] = contents.variables
    for bands in find_bands(list(planes)):
        cube = stack(bands, planes, f"'{path}'")
        stacks[bands.pattern] = guarded_variable(cube, path, contents.format)
        others = {name: variable for name, variable in others.items() if name not in bands.names}
    return replace(contents, variables={**stacks, **others})
