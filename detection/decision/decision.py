"""The decision that a threshold makes: its detections, their rates, and its cautions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from data.scene import Scene
from detection.decision.tail import MAX_DISTANCE, Tail
from options.types import Threshold
from utils.text import counted

# of 5 false alarms a draw has 2 to 12 (the 95 % interval of Poisson): with fewer, the scores do not
# show whether a rate is met
FEWEST_FALSE_ALARMS = 5
# a rate so many times smaller than the share of the scores beyond the fit is extrapolated far
EXTRAPOLATED = 3
LEAST_CHANCE = 0.025  # so few detections are no chance: below the 95 % interval of Poisson


@dataclass(frozen=True)
class Decision:
    """The pixels that a threshold detects among the valid ones of a scene.

    `score` is the least score of a detected pixel. `false_alarms` and `background` count the pixels
    that are labelled as background, `found` and `anomalies` those labelled as anomalies; they are 0
    without a ground truth. For a false alarm rate, `tail` is the fitted tail of the background,
    None where the scores have none to fit.
    """

    threshold: Threshold
    score: float
    pixels: int
    detected: int
    objects: int
    false_alarms: int = 0
    background: int = 0
    found: int = 0
    anomalies: int = 0
    tail: Tail | None = None

    @property
    def pf(self) -> float | None:
        """The share of the labelled background that is detected; None without any."""
        return self.false_alarms / self.background if self.background else None

    @property
    def pd(self) -> float | None:
        """The share of the labelled anomalies that is detected; None without any."""
        return self.found / self.anomalies if self.anomalies else None

    @property
    def expected_false_alarms(self) -> float | None:
        """The number of false alarms by a false alarm rate; None for other thresholds."""
        if self.threshold.kind != "pf":
            return None
        pixels = self.pixels if self.tail is None else self.tail.background_pixels
        return self.threshold.value * pixels

    @property
    def line(self) -> str:
        """The line of the threshold and what it detects."""
        return (
            f"threshold {self.threshold}: score {self.score:.6g}, "
            f"{counted(self.detected, 'pixel')} in {counted(self.objects, 'object')}"
        )

    @property
    def lines(self) -> list[str]:
        """All lines on the decision, with what it attains and the cautions."""
        parts = [f"{share_text(self.detected / self.pixels)} of the valid pixels detected"]
        if self.pf is not None:
            counts = f"{self.false_alarms:,} of {self.background:,} background pixels"
            parts.append(f"PF {self.pf:.4g} ({counts})")
        if self.pd is not None:
            counts = f"{self.found:,} of {self.anomalies:,} anomalous pixels"
            parts.append(f"PD {self.pd:.4g} ({counts})")
        if self.expected_false_alarms is not None:
            parts.append(f"{self.expected_false_alarms:,.3g} false alarms expected")
        return [self.line, f"decision: {', '.join(parts)}", *self.cautions]

    @property
    def cautions(self) -> list[str]:
        """Lines on a false alarm rate that the scores do not determine well."""
        expected = self.expected_false_alarms
        if expected is None:
            return []
        cautions = []
        if self.tail is None:
            cautions.append(
                f"caution: too few different scores to fit the tail of the background: "
                f"{self.threshold} is of all pixels, anomalies included"
            )
        elif self.tail.score(self.threshold.value) is not None:
            cautions += self.tail_cautions(self.tail, expected=expected)
        if expected < FEWEST_FALSE_ALARMS:
            cautions.append(
                f"caution: {self.threshold} is {expected:.2g} false alarms in this scene, fewer "
                f"than {FEWEST_FALSE_ALARMS}: the scores cannot confirm it, take the rate as an "
                f"order of magnitude"
            )
        elif self.tail is not None and self.extrapolates(self.tail):
            cautions.append(
                f"caution: {self.threshold} is extrapolated from the tail, which is fitted up to "
                f"the score that {share_text(self.tail.beyond / self.pixels)} of the pixels "
                f"exceed: take the rate as an order of magnitude"
            )
        return cautions

    def extrapolates(self, tail: Tail) -> bool:
        """Return whether the rate is far beyond the scores that the tail is fitted to."""
        return self.threshold.value * EXTRAPOLATED < tail.beyond / self.pixels

    def tail_cautions(self, tail: Tail, *, expected: float) -> list[str]:
        """List lines on a score that a fitted tail gives, where the scores contradict the tail."""
        cautions = []
        if not tail.fits:
            cautions.append(
                f"caution: the scores do not follow the fitted tail of the background (distance "
                f"{tail.distance:.2g}, by chance up to {MAX_DISTANCE:g}): the false alarm "
                f"rate may be far from {self.threshold.value:g}; quantile=… needs no fit"
            )
        if poisson.cdf(self.detected, expected) < LEAST_CHANCE:
            cautions.append(
                f"caution: {self.detected:,} pixels are detected, fewer than {expected:,.3g} false "
                f"alarms: the fitted tail is too heavy, and the false alarm rate at most "
                f"{self.detected / tail.background_pixels:.2g}; quantile=… needs no fit"
            )
        return cautions

    @property
    def json_values(self) -> Mapping[str, Any]:
        """The decision as values for JSON."""
        tail = None
        if self.tail is not None:
            tail = {
                "start": self.tail.start,
                "shape": self.tail.shape,
                "scale": self.tail.scale,
                "background_pixels": self.tail.background_pixels,
                "beyond": self.tail.beyond,
                "distance": self.tail.distance,
                "fits": self.tail.fits,
            }
        return {
            "threshold": str(self.threshold),
            "score": self.score,
            "detected_pixels": self.detected,
            "detected_share": self.detected / self.pixels,
            "objects": self.objects,
            "pf": self.pf,
            "pd": self.pd,
            "expected_false_alarms": self.expected_false_alarms,
            "tail": tail,
            "cautions": self.cautions,
        }


def decide(
    scene: Scene,
    scores: NDArray[Any],
    *,
    threshold: Threshold,
    score: float,
    tail: Tail | None,
    objects: int,
) -> Decision:
    """Count what a score detects in a detection map (H, W) of a scene, by labels where it has any.

    `tail` is the one that the score follows from. No-data pixels count nowhere, unlabelled ones
    neither as background nor as anomalies.
    """
    mask = scores >= score
    counts: dict[str, int] = {}
    if scene.anomalous is not None:
        anomalous = scene.anomalous & scene.evaluated
        background = ~scene.anomalous & scene.evaluated
        counts = {
            "false_alarms": int(np.count_nonzero(mask & background)),
            "background": int(np.count_nonzero(background)),
            "found": int(np.count_nonzero(mask & anomalous)),
            "anomalies": int(np.count_nonzero(anomalous)),
        }
    detected = int(np.count_nonzero(mask))
    return Decision(threshold, score, scene.pixels, detected, objects, tail=tail, **counts)


def share_text(share: float) -> str:
    """Format a share in per cent, to three digits.

    >>> share_text(0.0123456)
    '1.23 %'
    """
    return f"{100 * share:.3g} %"
