"""The truth of a scene: where it is found, and how it is laid over the cube."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.formats.registry import read_contents
from data.reading.nodata import fill_as
from data.reading.settings import NO_MAP, Reading
from data.reading.variables import find_truth, is_truth_name, listing, truth_file_beside
from utils.text import number_text, shape_text

MOST_ANOMALOUS = 0.5  # of a truth that has its classes right
MOST_CLASSES = 256  # of an array that may be a truth without being called one


@dataclass(frozen=True)
class Truth:
    """A truth (H, W), not 0 where anomalous, and which of its pixels have no label, (H, W)."""

    values: NDArray[Any]
    unlabelled: NDArray[np.bool_] | None = None

    @property
    def transposed(self) -> "Truth":
        """The truth with width first."""
        return Truth(self.values.T, None if self.unlabelled is None else self.unlabelled.T)


def read_truth(
    contents: Contents, path: Path, cube: str, reading: Reading
) -> tuple[Truth | None, list[str]]:
    """Find and read the truth, in the scene's own file or in that of `--map`; None without one.

    `cube` is the name of the variable that holds the cube.
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
            return None, [without_map(path)]
        raise SceneError(
            f"'{path}' has no map, height × width (found: {listing(contents.variables)})"
        )
    truth = as_image(contents.variables[key])
    if own and reading.map_key is None and not (is_truth_name(key) or like_classes(truth)):
        return None, [
            f"there is no map: no AUC ('{key}' has too many different values to be taken for one; "
            f"--map_key {key} takes it)"
        ]
    unlabelled, notes = without_label(truth, contents.variables[key], reading)
    if own and key != "map":
        notes.insert(0, f"the map is '{key}'")
    known = truth if unlabelled is None else truth[~unlabelled]
    share = np.count_nonzero(known) / max(known.size, 1)
    if share > MOST_ANOMALOUS:
        notes.append(f"{share:.0%} of the map is not 0, and so anomalous: background has to be 0")
    return Truth(truth, unlabelled), notes


def shape_of_map(
    contents: Contents, path: Path, cube: str, reading: Reading
) -> tuple[int, ...] | None:
    """The shape of the truth in the scene's own file; None where it has none, or it is unclear.

    It tells which axis of the cube is which even where the truth itself is not wanted.
    """
    try:
        truth, _ = read_truth(contents, path, cube, replace(reading, map=None))
    except SceneError:
        return None
    return None if truth is None else truth.values.shape


def without_label(
    truth: NDArray[Any], variable: Variable, reading: Reading
) -> tuple[NDArray[np.bool_] | None, list[str]]:
    """Mark the pixels (H, W) that a truth says nothing of, and tell of them; None without any.

    They are those of its own fill value, and NaN where there is such a value or pixels with NaN
    are to be masked. A fill value of 0 is background, as everywhere in truths.
    """
    if truth.dtype.kind not in "biuf":
        return None, []
    fill, masked = variable.metadata.fill, variable.metadata.masked
    kinds = {}
    if fill and not np.isnan(fill):
        kinds[f"fill value {number_text(fill)}"] = truth == fill_as(fill, truth.dtype)
    if masked is not None and masked.shape == truth.shape:
        kinds["its own mask"] = masked
    if fill or reading.nan == "mask":
        kinds["NaN or infinite"] = ~np.isfinite(truth)
    kinds = {kind: pixels for kind, pixels in kinds.items() if pixels.any()}
    if not kinds:
        return None, []
    unlabelled = np.logical_or.reduce(list(kinds.values()))
    return unlabelled, [
        f"{np.count_nonzero(unlabelled):,} of {truth.size:,} pixels of the map are unlabelled "
        f"({' or '.join(kinds)}): no measure counts them"
    ]


def without_map(path: Path) -> str:
    """Say that a scene has no truth, and where there may be one."""
    beside = truth_file_beside(path)
    return "there is no map: no AUC" + (f" (--map '{beside}' takes one)" if beside else "")


def as_image(variable: Variable) -> NDArray[Any]:
    """Read a truth, height first where the file tells, without a third axis of length 1."""
    values = variable.read()
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[2]):
        values = values[..., 0] if values.shape[2] == 1 else values[0]
    return values.T if variable.axes == "wh" else values


def like_classes(values: NDArray[Any]) -> bool:
    """Whether an array holds few enough different values to be a truth."""
    return values.dtype.kind in "biuf" and len(np.unique(values)) <= MOST_CLASSES


def turned(
    truth: Truth | None, cube_shape: tuple[int, ...], reading: Reading
) -> tuple[Truth | None, list[str]]:
    """Transpose a truth that fits the cube only so, or whose axes were said to be so."""
    if truth is None or truth.values.ndim != 2:
        return truth, []
    size, shape = cube_shape[:2], truth.values.shape
    if reading.axes and reading.map is None and shape == size == size[::-1]:
        width_first = reading.axes.index("w") < reading.axes.index("h")
        return (truth.transposed if width_first else truth), []
    if shape == size or shape != size[::-1]:
        return truth, []
    return truth.transposed, [
        f"the map, {shape_text(shape)}, is transposed to the cube's height × width"
    ]


def check_axes(truth: Truth | None, shape: tuple[int, ...], reading: Reading, source: str) -> None:
    """Raise SceneError where a truth does not fit the cube because of `--axes`."""
    if reading.axes and truth is not None and truth.values.shape != shape[:2]:
        raise SceneError(
            f"{source}: with --axes {reading.axes} the cube is {shape_text(shape)} (height × width "
            f"× bands), but the map is {shape_text(truth.values.shape)}; give the order that fits"
        )
