"""Find, read and align the ground truth."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.formats.registry import read_contents
from data.reading.labels import Truth, binary_labels, is_whole, unlabelled_pixels
from data.reading.masks import product_layers
from data.reading.settings import NO_MAP, ReadSettings
from data.reading.usual_names import is_truth_name, is_uncertain_name, neighbouring_truth
from data.reading.variables import describe_variables, find_truth, shape_fits
from utils.text import printable, shape_text

MOST_ANOMALOUS = 0.5  # of a ground truth whose classes are not swapped
MOST_UNCERTAIN = 0.2  # of an array whose name ground truths share with other images
MOST_UNNAMED = 0.1  # of an array without a usual name
MOST_CLASSES = 256  # different values of such an array


def read_truth(
    contents: Contents, path: Path, cube: str, reading: ReadSettings
) -> tuple[Truth | None, list[str]]:
    """Find and read the ground truth in the scene's file or in that of `--map`; None without one.

    `cube` is the name of the variable with the cube. The notes state what was found.
    """
    if reading.map == NO_MAP:
        return None, []
    size, own = contents.variables[cube].shape, reading.map is None
    if reading.map is not None:
        path = Path(reading.map)
        contents = read_contents(path)
    key = find_truth(contents, path, key=reading.map_key, size=size, cube=cube if own else None)
    if key is None:
        layers = product_images(contents, cube if own else None, size)
        if own:
            return None, [no_truth_note(path, layers, misshapen(contents, cube, layers))]
        raise SceneError(
            f"'{path}' has no ground truth, height × width "
            f"(found: {describe_variables(contents.variables)}){hint_at(layers)}"
        )
    variable = contents.variables[key]
    values = read_image(variable)
    unlabelled, notes = unlabelled_pixels(values, variable, reading)
    if own and reading.map_key is None:
        doubt = reason_for_doubt(key, values if unlabelled is None else values[~unlabelled])
        if doubt:
            return None, [
                f"no ground truth: AUC is not computed ('{printable(key)}' {doubt}; "
                f"--map_key {printable(key)} uses it)"
            ]
    values, more = binary_labels(values, unlabelled, variable.picture)
    if own and key != "map":
        notes.insert(0, f"the ground truth is '{printable(key)}'")
    georeference = variable.metadata.georeference
    return Truth(values, unlabelled, georeference, source=f"'{path}'"), notes + more


def reason_for_doubt(name: str, labels: NDArray[Any]) -> str:
    """State why an array in the scene's file is hardly a ground truth; empty where it may be one.

    `labels` are the values of its labelled pixels, (n,). A usual name leaves no doubt, but masks
    mark many things.
    """
    share = np.count_nonzero(labels) / max(labels.size, 1)
    marked = f"marks {share_text(share)} of the pixels, too many for anomalies"
    if is_truth_name(name):
        return marked if is_uncertain_name(name) and share > MOST_UNCERTAIN else ""
    if labels.dtype.kind not in "biuf" or len(np.unique(labels)) > MOST_CLASSES:
        return "has too many different values"
    if not is_whole(labels):
        return "has values that are no whole numbers"
    return marked if share > MOST_UNNAMED else ""


def share_text(share: float) -> str:
    """Format a share in percent, 100% only for all.

    >>> share_text(0.75), share_text(0.9986), share_text(1.0)
    ('75%', '99.8%', '100%')
    """
    return f"{share:.0%}" if share in (0, 1) or 0.005 <= share < 0.995 else f"{share - 0.0005:.1%}"


def notes_on_swap(truth: Truth | None, masked: NDArray[np.bool_] | None) -> list[str]:
    """Note that most of the valid pixels with a label are anomalous, as where classes are swapped.

    `masked` (H, W) is the no-data mask of the scene.
    """
    if truth is None or truth.values.ndim != 2:
        return []
    counted = np.ones(truth.values.shape, bool)
    for excluded in (masked, truth.unlabelled):
        if excluded is not None and excluded.shape == counted.shape:
            counted &= ~excluded
    labels = truth.values[counted]
    share = np.count_nonzero(labels) / max(labels.size, 1)
    if share <= MOST_ANOMALOUS:
        return []
    marked = f"{share_text(share)} of the ground truth is not 0, and so anomalous"
    return [f"{marked}: background has to be 0"]


def truth_shape(
    contents: Contents, path: Path, cube: str, reading: ReadSettings
) -> tuple[int, ...] | None:
    """Return the shape of the ground truth in the scene's file; None for none, or an unclear one.

    It determines the axes of the cube even where the ground truth itself is not used, as do the
    masks of a product.
    """
    try:
        truth, _ = read_truth(contents, path, cube, replace(reading, map=None))
    except SceneError:
        return None
    if truth is not None:
        return truth.values.shape
    images = product_images(contents, cube, contents.variables[cube].shape)
    shapes = {contents.variables[name].shape for name in images}
    return shapes.pop() if len(shapes) == 1 else None


def product_images(contents: Contents, cube: str | None, size: tuple[int, ...]) -> list[str]:
    """List the layers of a product that have two axes of its cube."""
    return [
        name
        for name in product_layers(contents.variables)
        if name != cube
        and len(contents.variables[name].shape) == 2
        and shape_fits(contents.variables[name].shape, size)
    ]


def misshapen(contents: Contents, cube: str, layers: list[str]) -> list[str]:
    """Describe variables named as a ground truth that are no images: texts, lists of labels."""
    if contents.cube:
        return []
    named = {
        name: variable
        for name, variable in contents.variables.items()
        if is_truth_name(name) and name != cube and name not in layers
    }
    return [describe_variables({name: variable}) for name, variable in named.items()]


def no_truth_note(path: Path, layers: list[str], misshapen: list[str]) -> str:
    """Note that a scene has no ground truth, and suggest what may be one: a file, or a layer.

    `misshapen` describes arrays that are named as a ground truth but have no height and width.
    """
    missing = "no ground truth: AUC is not computed"
    neighbour = neighbouring_truth(path)
    if neighbour:
        return f"{missing} (--map '{printable(str(neighbour))}' uses one)"
    if misshapen:
        return f"{missing} ({misshapen[0]} is no array of height × width: save it as one)"
    if not layers:
        return missing
    return f"{missing} ({hint_at(layers).removeprefix('; ')})"


def hint_at(layers: list[str]) -> str:
    """Name layers of a product, which are used by their key only; empty for none."""
    if not layers:
        return ""
    name = printable(layers[0])
    found = f"'{name}' seems a mask or layer of a product"
    if len(layers) > 1:
        found = f"'{name}' and {len(layers) - 1} more seem masks or layers of a product"
    return f"; {found}; --map_key {name} uses it"


def read_image(variable: Variable) -> NDArray[Any]:
    """Read a ground truth, height first if its axes are known, without a third axis of length 1."""
    values, axes = variable.read(), variable.axes or ""
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[2]):
        values = values[..., 0] if values.shape[2] == 1 else values[0]
        axes = axes.replace("b", "")
    return values.T if axes == "wh" else values


def transpose_to_cube(
    truth: Truth | None, cube_shape: tuple[int, ...], reading: ReadSettings
) -> tuple[Truth | None, list[str]]:
    """Transpose a ground truth that fits the cube only so, or whose axes `--axes` declares so."""
    if truth is None or truth.values.ndim != 2 or truth.placed:
        return truth, []
    size, shape = cube_shape[:2], truth.values.shape
    if reading.axes and reading.map is None and shape == size == size[::-1]:
        width_first = reading.axes.index("w") < reading.axes.index("h")
        return (truth.transposed() if width_first else truth), []
    if shape == size or shape != size[::-1]:
        return truth, []
    return truth.transposed(), [
        f"the ground truth, {shape_text(shape)}, is transposed to the cube's height × width"
    ]


def check_axes(
    truth: Truth | None, shape: tuple[int, ...], reading: ReadSettings, source: str
) -> None:
    """Raise SceneError where a ground truth does not fit the cube because of `--axes`."""
    if reading.axes and truth is not None and truth.values.shape != shape[:2]:
        raise SceneError(
            f"{source}: with --axes {reading.axes} the cube is {shape_text(shape)} (height × width "
            f"× bands), but the ground truth is {shape_text(truth.values.shape)}; give the order "
            f"that fits"
        )
