"""Labels of a ground truth: unlabelled pixels, and grey values that stand for two classes."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import Variable
from data.georeference import Georeference
from data.reading.settings import ReadSettings
from utils.text import number_text

VOID = (254, 255, 65535, 4294967295)  # by custom unlabelled in label images; -1 in unsigned types
MOST_LABELS = 64  # classes of a ground truth have smaller numbers
WHITE = ((200, 255), (51_200, 65_535))  # ranges of the largest value of arrays that were pictures
NAMED = 3  # values that a note lists


@dataclass(frozen=True)
class Truth:
    """A ground truth (H, W), not 0 where anomalous, and its mask of unlabelled pixels (H, W).

    `georeference` is its file's; `source` names its origin in messages. `placed` is True once it
    has been laid over the scene by its georeference.
    """

    values: NDArray[Any]
    unlabelled: NDArray[np.bool_] | None = None
    georeference: Georeference | None = None
    source: str = ""
    placed: bool = False

    def transposed(self) -> "Truth":
        """Return the ground truth with height and width swapped."""
        return replace(
            self,
            values=self.values.T,
            unlabelled=None if self.unlabelled is None else self.unlabelled.T,
            georeference=None if self.georeference is None else self.georeference.transposed(),
        )


def unlabelled_pixels(
    truth: NDArray[Any], variable: Variable, reading: ReadSettings
) -> tuple[NDArray[np.bool_] | None, list[str]]:
    """Return the mask (H, W) of pixels without a label, and notes on it; None where all have one.

    They are those of the ground truth's own no-data value, and NaN where there is such a value or
    pixels with NaN are to be masked. A no-data value of 0 is background, as in all ground truths.
    Of whole numbers, negative ones are unlabelled, and 255 next to small ones, as in 0, 1, 255.
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
    known = ~np.logical_or.reduce([np.zeros(truth.shape, bool), *kinds.values()])
    values = unlabelled_values(np.unique(truth[known]), variable.picture)
    if values:
        more = " and other negative values" if len(values) > NAMED else ""
        kinds[f"value {', '.join(map(number_text, values[:NAMED]))}{more}"] = known & np.isin(
            truth, values
        )
    kinds = {kind: pixels for kind, pixels in kinds.items() if pixels.any()}
    if not kinds:
        return None, []
    unlabelled = np.logical_or.reduce(list(kinds.values()))
    return unlabelled, [
        f"{np.count_nonzero(unlabelled):,} of {truth.size:,} pixels of the ground truth are "
        f"unlabelled ({' or '.join(kinds)}): measures ignore them"
    ]


def unlabelled_values(kinds: NDArray[Any], picture: str) -> list[Any]:
    """List the values that stand for no label, given the different values of a ground truth.

    Colours of a picture have none, and grey values only 255 next to 0 and 1, as compression leaves
    other small numbers.
    """
    if picture == "classes" or not is_whole(kinds):
        return []
    negative, labels = list(kinds[kinds < 0]), kinds[kinds >= 0]
    *others, largest = labels if len(labels) > 2 else [0, 0]
    small = others == [0, 1] if picture else others[0] == 0 and others[-1] < MOST_LABELS
    return [*negative, largest] if largest in VOID and small else negative


def is_whole(values: NDArray[Any]) -> bool:
    """Return True for finite whole numbers."""
    if values.dtype.kind in "biu":
        return True
    return bool(np.isfinite(values).all() and (np.floor(values) == values).all())


def is_grey(kinds: NDArray[Any], picture: str) -> bool:
    """Return True where the different values of a ground truth are shades, not classes.

    Shades are fractions between 0 and the largest, or whole numbers of a grey picture; numbers of
    objects or classes are small, or without omissions.
    """
    if len(kinds) < 3 or picture == "classes" or kinds.dtype.kind not in "iuf":
        return False
    largest = kinds[-1]
    if not np.isfinite(largest) or largest <= 0:
        return False
    if not is_whole(kinds):
        return True
    if largest < WHITE[0][1] and largest == len(kinds) - 1 and kinds[0] == 0:
        return False
    if picture:
        return bool(largest >= MOST_LABELS)
    return any(low <= largest <= high for low, high in WHITE)


def binary_labels(
    truth: NDArray[Any], unlabelled: NDArray[np.bool_] | None, picture: str
) -> tuple[NDArray[Any], list[str]]:
    """Return the labels (H, W) that grey values stand for, and notes; others are returned as is.

    At least half of the largest is anomalous: grey edges come from resizing, and small differences
    from compression, as in JPEG.
    """
    if truth.dtype.kind not in "biuf":
        return truth, []
    labelled = truth if unlabelled is None else truth[~unlabelled]
    kinds = np.unique(labelled)
    if not is_grey(kinds, picture):
        return truth, []
    half = float(kinds[-1]) / 2
    anomalous = truth >= half
    if unlabelled is not None:
        anomalous &= ~unlabelled
    return anomalous.astype(np.uint8), [
        f"the ground truth has {len(kinds):,} values from {kinds[0]:.6g} to {kinds[-1]:.6g}, "
        f"shades rather than labels: the {np.count_nonzero(anomalous):,} pixels of at "
        f"least {half:.6g}, half of the largest, are anomalous, not all "
        f"{np.count_nonzero(labelled):,} that are not 0 (save it as 0 and 1 to decide otherwise)"
    ]
