"""Which of a file's arrays is the cube, and which the truth."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.metadata import Metadata, spectrum_in_nanometres
from utils.text import shape_text

# What cubes and truths are called; the first name, which the published program reads, wins.
CUBE_NAMES = (
    *("data", "hsi", "image", "img", "cube", "x", "y", "hs", "hyperspectral", "hypercube"),
    *("hyperspectralimage", "hsimage", "datacube", "scene", "reflectance", "radiance", "input"),
    *("hsidata", "imagedata", "hyperimage", "hyper"),
)
TRUTH_NAMES = (
    *("map", "gt", "groundtruth", "truth", "mask", "label", "labels", "gnd", "anomaly"),
    *("anomalies", "anomalymap", "target", "targets", "annotation", "reference"),
    *("gtmap", "truthmap", "groundtruthmap", "labelmap", "groundt"),
)
OTHER_MAPS = (
    *("lat", "latitude", "lon", "long", "longitude", "easting", "northing"),
    *("elev", "elevation", "dem", "detectmap"),
)
NUMBERS = "biufc"  # the kinds of types that hold them

# in the letters and digits of the names alone
WAVELENGTH_NAMES = (
    *("wavelength", "wavelengths", "wavelengthnm", "wavelengthum", "wl", "wvl", "lambda"),
    *("wave", "waves", "bandcenter", "bandcenters", "centerwavelength", "centerwavelengths"),
    *("centralwavelength", "centralwavelengths", "centrewavelength", "centrewavelengths"),
)
FWHM_NAMES = ("fwhm", "fwhms", "fwhmnm", "bandwidths")
GOOD_NAMES = ("bbl", "good", "goodbands", "goodwavelengths")


def find_cube(contents: Contents, path: Path, *, key: str | None) -> str:
    """The name of the variable that holds the cube.

    That of `key`; else the one with a usual name; else the only array of three axes, of which none
    is of length 1 where there is such an array. Raises SceneError, with the candidates, where that
    leaves none or several.
    """
    if key is not None:
        return named(contents, path, key, option="--data_key")
    cubes = {name: found for name, found in numeric(contents).items() if len(found.shape) == 3}
    solid = {name: cubes[name] for name in cubes if 1 not in cubes[name].shape or name == "data"}
    cubes = solid or cubes
    found = by_name(cubes, CUBE_NAMES) or list(cubes)
    if len(found) == 1:
        return found[0]
    if found:
        raise SceneError(
            f"'{path}' has several arrays that may be the cube: "
            f"{listing({name: cubes[name] for name in found})}; name yours with --data_key"
        )
    raise SceneError(
        f"'{path}' has no cube, an array of height × width × bands "
        f"(found: {listing(contents.variables) or 'nothing'}){way_out(contents)}"
    )


def way_out(contents: Contents) -> str:
    """What to do with arrays that are nearly a cube; nothing where there is none."""
    for name, found in contents.variables.items():
        if len(found.shape) > 3 and sum(length > 1 for length in found.shape) <= 3:
            return f"; save '{name}' without its axes of length 1"
        if found.dtype.kind not in NUMBERS and contents.format.startswith("MAT"):
            return f"; if '{name}' is a struct or cell, save the array in it by itself"
    return ""


def find_truth(
    contents: Contents, path: Path, *, key: str | None, size: tuple[int, ...], cube: str | None
) -> str | None:
    """The name of the variable that holds the truth; None where there is none.

    `size` is the shape of the cube, and `cube` its name where it is in this file. The truth is that
    of `key`; else the one with a usual name; else the only array whose two lengths the cube has, or
    in a file of its own the only one with two axes. Of several, those that fit the first two axes
    of the cube go first. Raises SceneError, with the candidates, where several are left.
    """
    if key is not None:
        return named(contents, path, key, option="--map_key")
    maps = {
        name: found
        for name, found in numeric(contents).items()
        if name != cube and (is_map(found.shape, size) or name == TRUTH_NAMES[0])
    }
    usual = by_name(maps, TRUTH_NAMES)
    names = usual or [name for name in maps if plain(name) not in OTHER_MAPS]
    found = (
        [name for name in names if fits(maps[name].shape, size[:2])]
        or [name for name in names if fits(maps[name].shape, size)]
        or (names if usual or cube is None else [])
    )
    if len(found) > 1:
        raise SceneError(
            f"'{path}' has several arrays that may be the map: "
            f"{listing({name: maps[name] for name in found})}; "
            f"name yours with --map_key, or use none with --map none"
        )
    return found[0] if found else None


def numeric(contents: Contents) -> dict[str, Variable]:
    """The variables that hold numbers."""
    variables = contents.variables.items()
    return {name: variable for name, variable in variables if variable.dtype.kind in NUMBERS}


def named(contents: Contents, path: Path, key: str, *, option: str) -> str:
    """A variable by its name; raise SceneError, with all there are, where it is not there."""
    if key in contents.variables:
        return key
    found = listing(contents.variables) or "nothing"
    raise SceneError(f"'{path}' has no variable '{key}', as {option} names (found: {found})")


def by_name(variables: Mapping[str, Variable], usual: tuple[str, ...]) -> list[str]:
    """Those with a usual name; only the first usual name, where one variable has it."""
    if usual[0] in variables:
        return [usual[0]]
    first = [name for name in variables if plain(name) == usual[0]]
    return first if len(first) == 1 else [name for name in variables if plain(name) in usual]


def is_truth_name(name: str) -> bool:
    """Whether truths are often called so."""
    return plain(name) in TRUTH_NAMES


def plain(name: str) -> str:
    """A variable's name in small letters, without its group and what stands between words.

    What ends in `_gt` is a `gt`, as in `paviau_gt`.
    """
    word = name.rsplit("/", 1)[-1].lower()
    return "gt" if word.endswith("_gt") else letters(word)


def letters(word: str) -> str:
    """A word in small letters without what stands between them."""
    return re.sub(r"[^a-z0-9]", "", word)


def truth_file_beside(path: Path) -> Path | None:
    """A file that by its name holds the truth of the scene in another: `x_gt.mat` of `x.mat`."""
    others = (other for other in sorted(path.parent.iterdir()) if other.is_file())
    return next((other for other in others if is_truth_of(other.stem, path.stem)), None)


def is_truth_of(name: str, scene: str) -> bool:
    """Whether a file of this name is called the truth of a scene: `x_gt` of `x`."""
    start = f"{scene.lower()}_"
    word = name.lower().removeprefix(start)
    return name.lower().startswith(start) and letters(word) in TRUTH_NAMES


def two_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The lengths of an array without axes of length 1, as far as there are more than two."""
    lengths = list(shape)
    while len(lengths) > 2 and 1 in lengths:
        lengths.remove(1)
    return tuple(lengths)


def is_map(shape: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Whether an array may be a truth: two axes; of length 1 only if the cube has one such."""
    lengths = two_axes(shape)
    return len(lengths) == 2 and (1 not in lengths or 1 in size)


def fits(shape: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Whether an array has the lengths of two of these axes, in any order."""
    return Counter(two_axes(shape)) <= Counter(size)


def listing(variables: Mapping[str, Variable]) -> str:
    """Names and shapes of variables, and which of them hold no numbers."""
    return ", ".join(
        f"{name} {shape_text(found.shape)}"
        + ("" if found.dtype.kind in NUMBERS else " (no numbers)")
        for name, found in variables.items()
    )


def beside(
    contents: Contents, lengths: tuple[int, ...], names: tuple[str, ...]
) -> NDArray[np.float64] | None:
    """A list of numbers with one of these names, as long as one of the axes of the cube is."""
    for name, found in numeric(contents).items():
        is_list = sum(length > 1 for length in found.shape) <= 1
        if plain(name) in names and is_list and np.prod(found.shape) in lengths:
            return found.read().astype(np.float64).ravel()
    return None


def metadata_beside(contents: Contents, lengths: tuple[int, ...]) -> Metadata:
    """What lists beside a cube in its file tell of its bands."""
    told = beside(contents, lengths, WAVELENGTH_NAMES)
    if told is not None:
        lengths = (len(told),)
    good, fwhm = (beside(contents, lengths, names) for names in (GOOD_NAMES, FWHM_NAMES))
    metadata = Metadata(good=None if good is None else good != 0)
    if told is None:
        return metadata
    wavelengths, fwhm, note = spectrum_in_nanometres(told, fwhm, None)
    return replace(metadata, wavelengths=wavelengths, fwhm=fwhm, note=note)
