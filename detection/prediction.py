"""A prediction: the scores of a scene, what they detect, and what they are worth in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.scene import Scene
from detection.maps import bands_by_share
from detection.measures import MEASURES, Measures
from detection.objects import DetectedObject, detected_objects
from detection.threshold import threshold_score
from options.types import Threshold

MATLAB_LIMIT = 2**32 - 2**10  # bytes of a variable in a file of version 5, but for its header


@dataclass(frozen=True)
class Prediction:
    """The scores (H, W) of a method on a scene, what they are worth, and how they came about.

    `reconstruction` (H, W, B) is None for methods that make none and where it would not fit, and
    `measures` where there is no truth, or one of a single class. `threshold` is what makes a pixel
    an anomaly, None where no decision is wanted. `options` are the options in words, a line each.
    """

    scene: Scene
    method: str
    scores: NDArray[np.float32]
    reconstruction: NDArray[np.float32] | None
    measures: Measures | None
    options: str
    details: Mapping[str, Any]
    threshold: Threshold | None = None

    @cached_property
    def colours(self) -> NDArray[np.float32]:
        """The bands of the scaled cube that are shown as red, green and blue, (H, W, 3)."""
        bands = self.scene.metadata.colour_bands or bands_by_share(self.scene.cube.shape[2])
        return self.scene.scaled_bands(bands)

    @property
    def outcome(self) -> str:
        """The AUC in words."""
        if self.measures is None:
            return f"no AUC, {self.scene.no_auc_reason}"
        return f"AUC: {self.measures.auc_df}"

    @cached_property
    def least_detected(self) -> float | None:
        """The score from which a pixel is detected; None where no decision is wanted."""
        if self.threshold is None:
            return None
        # as float32, so that the report's script, which computes in double, detects the same
        return float(np.float32(threshold_score(self.scores, self.threshold)))

    @property
    def omitted(self) -> str:
        """Which map does not fit into a MATLAB file, in words; nothing where all do."""
        if self.reconstruction is None or self.reconstruction.nbytes < MATLAB_LIMIT:
            return ""
        size = self.reconstruction.nbytes / 2**30
        return f"no reconstructed_data.mat: it is {size:.1f} GiB, and MATLAB files hold less than 4"

    @cached_property
    def mask(self) -> NDArray[np.uint8] | None:
        """1 where a pixel is detected, (H, W); None where no decision is wanted."""
        if self.least_detected is None:
            return None
        return (self.scores >= self.least_detected).astype(np.uint8)

    @cached_property
    def objects(self) -> list[DetectedObject]:
        """The detected objects, the highest peak first; none where no decision is wanted."""
        if self.least_detected is None:
            return []
        return detected_objects(self.scene, self.scores, threshold=self.least_detected)

    @property
    def decision(self) -> str:
        """The threshold and what it detects in words; nothing where no decision is wanted."""
        if self.mask is None:
            return ""
        return (
            f"threshold {self.threshold}: score {self.least_detected:.6g}, "
            f"{np.count_nonzero(self.mask):,} pixels in {len(self.objects):,} objects"
        )


def measures_table(measures: Measures | None) -> str:
    """The measures beside the AUC, a line each with its formula."""
    if measures is None:
        return ""
    values = measures.values()
    rows = [(*MEASURES[name], f"{values[name]:.4f}") for name in values if name != "auc_df"]
    return "".join(f"  {name:<16} {value:>8}  {formula}\n" for name, formula, value in rows)
