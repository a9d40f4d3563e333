"""Find, read and align the ground truth."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.formats.registry import read_contents
from data.reading.settings import NO_MAP, ReadSettings
from data.reading.variables import (
    describe_variables,
    find_truth,
    is_truth_name,
    neighbouring_truth,
)
from utils.text import shape_text

MOST_ANOMALOUS = 0.5  # of a ground truth whose classes are not swapped
MOST_CLASSES = 256  # of an array without a usual name that may be a ground truth


@dataclass(frozen=True)
class Truth:
    """A ground truth (H, W), not 0 where anomalous, and its mask of unlabelled pixels (H, W)."""

    values: NDArray[Any]
    unlabelled: NDArray[np.bool_] | None = None

    @property
    def transposed(self) -> "Truth":
        """The ground truth with width first."""
        return Truth(self.values.T, None if self.unlabelled is None else self.unlabelled.T)


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
        if own:
            return None, [no_truth_note(path)]
        raise SceneError(
            f"'{path}' has no ground truth, height × width "
            f"(found: {describe_variables(contents.variables)})"
        )
    truth = read_image(contents.variables[key])
    if own and reading.map_key is None and not (is_truth_name(key) or looks_like_labels(truth)):
        return None, [
            f"no ground truth: AUC is not computed ('{key}' has too many different values; "
            f"--map_key {key} uses it)"
        ]
    unlabelled, notes = unlabelled_pixels(truth, contents.variables[key], reading)
    if own and key != "map":
        notes.insert(0, f"the ground truth is '{key}'")
    labels = truth if unlabelled is None else truth[~unlabelled]
    share = np.count_nonzero(labels) / max(labels.size, 1)
    if share > MOST_ANOMALOUS:
        notes.append(
            f"{share:.0%} of the ground truth is not 0, and so anomalous: background has to be 0"
        )
    return Truth(truth, unlabelled), notes


def truth_shape(
    contents: Contents, path: Path, cube: str, reading: ReadSettings
) -> tuple[int, ...] | None:
    """Return the shape of the ground truth in the scene's file; None for none, or an unclear one.

    It determines the axes of the cube even where the ground truth itself is not used.
    """
    try:
        truth, _ = read_truth(contents, path, cube, replace(reading, map=None))
    except SceneError:
        return None
    return None if truth is None else truth.values.shape


def unlabelled_pixels(
    truth: NDArray[Any], variable: Variable, reading: ReadSettings
) -> tuple[NDArray[np.bool_] | None, list[str]]:
    """Return the mask (H, W) of pixels without a label, and notes on it; None where all have one.

    They are those of the ground truth's own no-data value, and NaN where there is such a value or
    pixels with NaN are to be masked. A no-data value of 0 is background, as in all ground truths.
    """
    if truth.dtype.kind not in "biuf":
        return None, []
    fill, masked = variable.metadata.fill, variable.metadata.masked
    no_data = variable.metadata.no_data.certain
    kinds = {str(no_data): no_data.marked(truth)}
    if masked is not None and masked.shape == truth.shape:
        kinds["its own mask"] = masked
    if fill or reading.nan == "mask":
        kinds["NaN or infinite"] = ~np.isfinite(truth)
    kinds = {kind: pixels for kind, pixels in kinds.items() if pixels.any()}
    if not kinds:
        return None, []
    unlabelled = np.logical_or.reduce(list(kinds.values()))
    return unlabelled, [
        f"{np.count_nonzero(unlabelled):,} of {truth.size:,} pixels of the ground truth are "
        f"unlabelled ({' or '.join(kinds)}): measures ignore them"
    ]


def no_truth_note(path: Path) -> str:
    """Note that a scene has no ground truth, and suggest a file that may have it."""
    found = neighbouring_truth(path)
    hint = f" (--map '{found}' uses one)" if found else ""
    return f"no ground truth: AUC is not computed{hint}"


def read_image(variable: Variable) -> NDArray[Any]:
    """Read a ground truth, height first if its axes are known, without a third axis of length 1."""
    values = variable.read()
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[2]):
        values = values[..., 0] if values.shape[2] == 1 else values[0]
    return values.T if variable.axes == "wh" else values


def looks_like_labels(values: NDArray[Any]) -> bool:
    """Return True for an array with few enough different values for a ground truth."""
    return values.dtype.kind in "biuf" and len(np.unique(values)) <= MOST_CLASSES


def transpose_to_cube(
    truth: Truth | None, cube_shape: tuple[int, ...], reading: ReadSettings
) -> tuple[Truth | None, list[str]]:
    """Transpose a ground truth that fits the cube only so, or whose axes `--axes` declares so."""
    if truth is None or truth.values.ndim != 2:
        return truth, []
    size, shape = cube_shape[:2], truth.values.shape
    if reading.axes and reading.map is None and shape == size == size[::-1]:
        width_first = reading.axes.index("w") < reading.axes.index("h")
        return (truth.transposed if width_first else truth), []
    if shape == size or shape != size[::-1]:
        return truth, []
    return truth.transposed, [
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
