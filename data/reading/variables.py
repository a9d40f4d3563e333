"""Identify the cube and the ground truth among a file's variables."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.reading.masks import is_product_layer
from data.reading.usual_names import (
    CUBE_NAMES,
    OTHER_IMAGES,
    TRUTH_NAMES,
    is_truth_name,
    is_uncertain_name,
    normalised,
)
from utils.text import printable, shape_text

MOST_LISTED = 20  # variables in a message


def find_cube(contents: Contents, path: Path, *, key: str | None) -> str:
    """Return the name of the cube.

    The variable `key`; else the one with a usual name; else the only array of three axes, none of
    length 1 if there is such an array. Of several, one outside of groups and structs is preferred;
    of a product, its cube. `key` may also name a group or struct with one cube. Raises SceneError,
    with the candidates, where there are none or several.
    """
    cubes = {name: found for name, found in numeric(contents).items() if len(found.shape) == 3}
    if key is not None:
        cubes = members(cubes, key)
        if not cubes or key in contents.variables:
            return require_variable(contents, path, key, option="--data_key")
    elif contents.cube:
        return contents.cube
    solid = {name: cubes[name] for name in cubes if 1 not in cubes[name].shape or name == "data"}
    cubes = solid or cubes
    found = outermost(with_usual_names(cubes, CUBE_NAMES) or list(cubes))
    if len(found) == 1:
        return found[0]
    if found:
        raise SceneError(
            f"'{path}' has several arrays that may be the cube: "
            f"{describe_variables({name: cubes[name] for name in found})}; "
            f"name yours with --data_key"
        )
    raise SceneError(
        f"'{path}' has no cube, an array of height × width × bands "
        f"(found: {describe_variables(contents.variables) or 'nothing'}){hint(contents)}"
    )


def hint(contents: Contents) -> str:
    """Suggest how to store arrays that are nearly a cube."""
    for name, found in contents.variables.items():
        if len(found.shape) > 3 and found.is_numeric:
            return f"; save one part of '{name}', such as one time, as an array of three axes"
        if not found.is_numeric and found.hint:
            return f"; '{name}': {found.hint}"
        if found.picture:
            return "; a picture can only be the ground truth: --map"
    matrices = {
        name: found
        for name, found in numeric(contents).items()
        if len(found.shape) == 2 and 1 not in found.shape and not is_truth_name(name)
    }
    for name in with_usual_names(matrices, CUBE_NAMES) or matrices:
        return (
            f"; if '{name}' is bands × pixels, reshape it, or save height and width with it "
            f"(nRow, nCol)"
        )
    return ""


def find_truth(
    contents: Contents, path: Path, *, key: str | None, size: tuple[int, ...], cube: str | None
) -> str | None:
    """Return the name of the ground truth; None where there is none.

    `size` is the shape of the cube, and `cube` its name where it is in this file. The ground truth
    is the variable `key`; else the one with a usual name; else the only array whose two lengths the
    cube has, or in a separate file the only one with two axes. Of several, those that fit the first
    two axes of the cube are preferred. Layers of a product, as its masks of clouds, are none unless
    they are all of a separate file. Raises SceneError, with the candidates, where several remain.
    """
    if key is not None:
        return require_variable(contents, path, key, option="--map_key")
    candidates = {
        name: found
        for name, found in numeric(contents).items()
        if name != cube and (is_2d(found.shape, size) or name == TRUTH_NAMES[0])
        if not (contents.cube and "/" in name)  # a layer of a product
    }
    if cube is not None or len(numeric(contents)) > 1:
        candidates = {
            name: found for name, found in candidates.items() if may_be_truth(name, found)
        }
    usual = outermost(with_usual_names(candidates, TRUTH_NAMES))
    names = usual or [name for name in candidates if normalised(name) not in OTHER_IMAGES]
    found = (
        [name for name in names if shape_fits(candidates[name].shape, size[:2])]
        or [name for name in names if shape_fits(candidates[name].shape, size)]
        or (names if usual or cube is None else [])
    )
    if len(found) > 1:
        raise SceneError(
            f"'{path}' has several arrays that may be the ground truth: "
            f"{describe_variables({name: candidates[name] for name in found})}; "
            f"name yours with --map_key, or ignore them with --map none"
        )
    return found[0] if found else None


def members(variables: Mapping[str, Variable], group: str) -> dict[str, Variable]:
    """List the variables in a group or struct, "S/inner" or "S.inner"."""
    starts = f"{group}/", f"{group.replace('.', '/')}/"
    return {name: found for name, found in variables.items() if name.startswith(starts)}


def outermost(names: list[str]) -> list[str]:
    """List the one name outside of groups and structs; all names where there are several, or none.

    >>> outermost(["S/gt", "gt"]), outermost(["S/gt", "T/gt"])
    (['gt'], ['S/gt', 'T/gt'])
    """
    outside = [name for name in names if "/" not in name]
    return outside if len(outside) == 1 else names


def numeric(contents: Contents) -> dict[str, Variable]:
    """List the arrays of numbers."""
    variables = contents.variables.items()
    return {name: variable for name, variable in variables if variable.is_numeric}


def require_variable(contents: Contents, path: Path, key: str, *, option: str) -> str:
    """Return the variable that an option names; raise SceneError, with all, where there is none.

    "S.data" is "S/data", and the last part of a name is enough where no other variable has it.
    """
    for name in (key, key.replace(".", "/")):
        alike = [other for other in contents.variables if other.endswith(f"/{name}")]
        found = [name] if name in contents.variables else alike
        if len(found) == 1:
            return found[0]
    listed = describe_variables(contents.variables) or "nothing"
    raise SceneError(f"'{path}' has no variable '{key}', as {option} names (found: {listed})")


def with_usual_names(variables: Mapping[str, Variable], usual: tuple[str, ...]) -> list[str]:
    """List the variables with usual names; only that with the first, where one variable has it."""
    if usual[0] in variables:
        return [usual[0]]
    first = [name for name in variables if normalised(name) == usual[0]]
    return first if len(first) == 1 else [name for name in variables if normalised(name) in usual]


def may_be_truth(name: str, variable: Variable) -> bool:
    """Return False for layers of a product, as masks of clouds or of no data."""
    certain = is_truth_name(name) and not is_uncertain_name(name)
    return certain or not is_product_layer(name, variable.meaning)


def two_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Drop lengths of 1 from a shape while it has more than two."""
    lengths = list(shape)
    while len(lengths) > 2 and 1 in lengths:
        lengths.remove(1)
    return tuple(lengths)


def is_2d(shape: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Return True for two axes, one of length 1 only if the cube has such an axis too."""
    lengths = two_axes(shape)
    return len(lengths) == 2 and (1 not in lengths or 1 in size)


def shape_fits(shape: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Return True where an array has the lengths of two of these axes, in any order."""
    return Counter(two_axes(shape)) <= Counter(size)


def describe_variables(variables: Mapping[str, Variable]) -> str:
    """List names and shapes of variables, and mark those without numbers."""
    texts = [
        f"{printable(name)} {shape_text(found.shape)}".rstrip()
        + ("" if found.is_numeric else " (no numbers)")
        for name, found in variables.items()
    ]
    more = [f"{len(texts) - MOST_LISTED} more"] if len(texts) > MOST_LISTED else []
    return ", ".join(texts[:MOST_LISTED] + more)
