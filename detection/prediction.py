"""A prediction: scores, measures, detected objects, and the lines that report them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.scene import Scene
from detection.decision.decision import Decision, decide
from detection.decision.objects import DetectedObject, detected_objects
from detection.decision.polygon_files import no_polygons_reason
from detection.decision.threshold import Cut, find_cut
from detection.figures.pictures import scene_bands
from detection.measures import AUC, MEASURES
from options.stretch import DEFAULT_STRETCH, Stretch
from options.types import Threshold

MATLAB_LIMIT = 2**32 - 2**10  # bytes of a variable in a MATLAB 5 file, without its header


@dataclass(frozen=True)
class Prediction:
    """The scores (H, W) of a method on a scene, their measures, and how they were computed.

    `title` is the name of the method in figures and files. `reconstruction` (H, W, B) is None for
    methods without one and where it would not fit into memory, `measures` without a ground truth of
    both classes, and `threshold` where no decision is needed. `options` are those of the command
    line, as they are typed. `stretch` is that of the map in figures.
    """

    scene: Scene
    title: str
    scores: NDArray[np.float32]
    reconstruction: NDArray[np.float32] | None
    measures: Mapping[str, float] | None
    options: Mapping[str, str]
    details: Mapping[str, Any]
    threshold: Threshold | None = None
    stretch: Stretch = DEFAULT_STRETCH

    @cached_property
    def rgb(self) -> NDArray[np.float32]:
        """The bands of the scaled cube shown as red, green and blue, (H, W, 3)."""
        return scene_bands(self.scene)

    @property
    def auc_line(self) -> str:
        """The line of the AUC, or why there is none."""
        if self.measures is None:
            return f"no AUC, {self.scene.no_auc_reason}"
        return f"AUC: {self.measures[AUC]}"

    @cached_property
    def threshold_score(self) -> float | None:
        """The score from which a pixel is detected; None without a threshold."""
        return None if self.cut is None else self.cut.rounded

    @cached_property
    def cut(self) -> Cut | None:
        """The score of the threshold, in double, and its tail; None without a threshold."""
        return None if self.threshold is None else find_cut(self.scores, self.threshold)

    @property
    def omitted_line(self) -> str:
        """The line on a map that is too large for a MATLAB file; empty if there is none."""
        if self.reconstruction is None or self.reconstruction.nbytes < MATLAB_LIMIT:
            return ""
        size = self.reconstruction.nbytes / 2**30
        return f"no reconstructed_data.mat: {size:.1f} GiB exceed the 4 GiB of a MATLAB 5 variable"

    @cached_property
    def mask(self) -> NDArray[np.uint8] | None:
        """1 where a pixel is detected, (H, W); None without a threshold."""
        if self.threshold_score is None:
            return None
        return (self.scores >= self.threshold_score).astype(np.uint8)

    @cached_property
    def objects(self) -> list[DetectedObject]:
        """The detected objects, the highest peak first; none without a threshold."""
        if self.threshold_score is None:
            return []
        return detected_objects(self.scene, self.scores, threshold=self.threshold_score)

    @cached_property
    def decision(self) -> Decision | None:
        """The decision that the threshold makes; None without a threshold."""
        if self.threshold is None or self.cut is None or self.threshold_score is None:
            return None
        return decide(
            self.scene,
            self.scores,
            threshold=self.threshold,
            score=self.threshold_score,
            tail=self.cut.tail,
            objects=len(self.objects),
        )

    @property
    def decision_lines(self) -> list[str]:
        """All lines on the decision, with its cautions; none without a threshold."""
        if self.decision is None:
            return []
        return [*self.decision.lines, *filter(None, [no_polygons_reason(self.scene)])]


def measures_table(measures: Mapping[str, float] | None) -> str:
    """Format all measures but the AUC, one per line with its formula."""
    if measures is None:
        return ""
    return "".join(
        f"  {MEASURES[name].symbol:<16} {value:>8.4f}  {MEASURES[name].formula}\n"
        for name, value in measures.items()
        if name != AUC
    )
