"""Evaluation measures of detection maps.

Chang, "An Effective Evaluation Tool for Hyperspectral Target Detection: 3D Receiver Operating
Characteristic Curve Analysis", IEEE TGRS 59(6), 2021, DOI 10.1109/TGRS.2020.3021671.

A new measure is one record of `MEASURES`: files, tables, reports and printed lines derive from it.
The score of a no-data pixel is NaN and excluded from every measure.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.errors import InputError

AUC = "auc_df"  # the measure that is meant by AUC alone
DECIMALS = 4  # as measures are printed; values that are equal so far are equally good
FALSE_ALARM_RATES = (1e-3, 1e-2, 1e-1)  # at which detection rates are reported


@dataclass(frozen=True)
class ClassScores:
    """Scores in [0, 1] of the anomalies and of the background, at least one of each."""

    anomalies: NDArray[Any]
    background: NDArray[Any]

    @cached_property
    def df(self) -> float:
        """AUC(D,F), the area under the ROC curve."""
        return ordered_share(self.anomalies, self.background)

    @cached_property
    def dtau(self) -> float:
        """AUC(D,τ): ∫ P(s ≥ τ) dτ over [0, 1] is the mean of the scores s."""
        return float(self.anomalies.mean())

    @cached_property
    def ftau(self) -> float:
        """AUC(F,τ): the mean score of the background."""
        return float(self.background.mean())

    @property
    def snpr(self) -> float:
        """AUC(D,τ) / AUC(F,τ), infinite where all background scores are 0, NaN where all are."""
        if self.ftau > 0:
            return self.dtau / self.ftau
        return math.inf if self.dtau > 0 else math.nan


@dataclass(frozen=True)
class Measure:
    """A measure: its name in files, its symbol, its formula as text and as a function."""

    name: str
    symbol: str
    formula: str
    compute: Callable[[ClassScores], float]
    larger_is_better: bool = True


def at_false_alarm_rate(rate: float) -> Measure:
    """Define the detection rate at a false alarm rate."""
    return Measure(
        f"pd_at_{rate:g}",
        f"PD at PF = {rate:g}",
        f"detection rate at a false alarm rate ≤ {rate:g}",
        lambda s: detection_rate(s.anomalies, s.background, false_alarm_rate=rate),
    )


MEASURES: Mapping[str, Measure] = {
    one.name: one
    for one in (
        Measure(AUC, "AUC(D,F)", "area under the ROC curve", lambda s: s.df),
        Measure("auc_dtau", "AUC(D,τ)", "mean score of the anomalies", lambda s: s.dtau),
        Measure(
            "auc_ftau",
            "AUC(F,τ)",
            "mean score of the background",
            lambda s: s.ftau,
            larger_is_better=False,
        ),
        Measure("auc_td", "AUC_TD", "AUC(D,F) + AUC(D,τ)", lambda s: s.df + s.dtau),
        Measure("auc_bs", "AUC_BS", "AUC(D,F) − AUC(F,τ)", lambda s: s.df - s.ftau),
        Measure("auc_tdbs", "AUC_TDBS", "AUC(D,τ) − AUC(F,τ)", lambda s: s.dtau - s.ftau),
        Measure("auc_snpr", "AUC_SNPR", "AUC(D,τ) / AUC(F,τ)", lambda s: s.snpr),
        Measure("auc_snpr_db", "AUC_SNPR (dB)", "10 · log₁₀ AUC_SNPR", lambda s: decibel(s.snpr)),
        Measure(
            "auc_od",
            "AUC_OD = AUC_OA",
            "AUC(D,F) + AUC(D,τ) − AUC(F,τ)",
            lambda s: s.df + s.dtau - s.ftau,
        ),
        Measure("auc_odp", "AUC_ODP", "AUC(D,τ) + (1 − AUC(F,τ))", lambda s: s.dtau + (1 - s.ftau)),
        *map(at_false_alarm_rate, FALSE_ALARM_RATES),
    )
}


def compute_measures(
    anomalous: NDArray[np.bool_] | None, scores: NDArray[Any]
) -> dict[str, float] | None:
    """Compute all measures of scores (H, W), by name; None without anomalies and background.

    The scores are scaled to [0, 1] first. Every measure is exact.
    """
    if anomalous is None:
        return None
    labels, _ = drop_nan(anomalous, scores)
    if labels.all() or not labels.any():
        return None
    classes = class_scores(anomalous, scores)
    return {name: one.compute(classes) for name, one in MEASURES.items()}


def class_scores(anomalous: NDArray[np.bool_], scores: NDArray[Any]) -> ClassScores:
    """Scale scores (H, W) to [0, 1] in double precision, and separate the classes."""
    anomalous, valid = drop_nan(anomalous, scores)
    unit = min_max_scale(valid.astype(np.float64))
    return ClassScores(unit[anomalous], unit[~anomalous])


def auc_of(measures: Mapping[str, float] | None) -> float | None:
    """Return the AUC among measures, as computed or as read from a file; None without one."""
    return None if measures is None else measures.get(AUC)


def measure_text(value: float) -> str:
    """Format a measure for a reader."""
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.{DECIMALS}f}".replace("-", "−")


def ranks(values: Sequence[float | None], *, larger_is_better: bool = True) -> list[int]:
    """Rank values as they are printed: 1 is the best, 2 the second best, 0 what is not marked.

    Several that are equally the best all have rank 1, and then no other is marked; nor is any of
    several that are equally the second best. Where all that are defined are equal, or only one is,
    none is marked. None and NaN are undefined.
    """
    printed = [
        None if value is None or math.isnan(value) else round(value, DECIMALS) for value in values
    ]
    counts = Counter(value for value in printed if value is not None)
    if len(counts) < 2:
        return [0] * len(printed)
    best, second = sorted(counts, reverse=larger_is_better)[:2]
    marked = {best: 1, second: 2} if counts[best] == counts[second] == 1 else {best: 1}
    return [0 if value is None else marked.get(value, 0) for value in printed]


def min_max_scale(scores: NDArray[Any]) -> NDArray[Any]:
    """Scale scores to [0, 1] by their minimum and maximum; to 0 where all are equal.

    NaN stays NaN. At least one score has to be a number. Raises ValueError for infinite ones, which
    would make all others equal.
    """
    low, high = np.nanmin(scores), np.nanmax(scores)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"scores from {low} to {high} cannot be scaled to [0, 1]")
    return (scores - low) / (high - low if high > low else 1)


def check_scores(scores: NDArray[Any], *, masked: NDArray[np.bool_] | None) -> None:
    """Raise InputError where a pixel has data but no finite score; both are (H, W).

    Such a pixel would pass for one without data, and so for background.
    """
    lost = ~np.isfinite(scores)
    if masked is not None:
        lost &= ~masked
    if lost.any():
        row, column = np.argwhere(lost)[0]
        raise InputError(
            f"{np.count_nonzero(lost):,} of {lost.size:,} scores are not finite, the first at row "
            f"{row}, column {column} (from 0): values there are too extreme for the method"
        )


def drop_nan(
    anomalous: NDArray[np.bool_], scores: NDArray[Any]
) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Exclude no-data pixels: ground truth and scores (H, W) → both (pixels,)."""
    valid = ~np.isnan(scores)
    return anomalous[valid], scores[valid]


def area_under_roc(anomalous: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """Compute AUC(D,F) of scores (H, W), of which both classes have some."""
    anomalous, scores = drop_nan(anomalous, scores)
    return ordered_share(scores[anomalous], scores[~anomalous])


def ordered_share(anomalies: NDArray[Any], background: NDArray[Any]) -> float:
    """Compute the share of pairs in which the anomaly scores higher than the background pixel.

    A tie counts half (Mann–Whitney U): this is the area under the ROC curve.
    """
    ranked = np.sort(background)
    below, up_to = (np.searchsorted(ranked, anomalies, side) for side in ("left", "right"))
    in_order = (below.sum() + up_to.sum()) / 2
    return float(in_order / (anomalies.size * background.size))


def detection_rate(
    anomalies: NDArray[Any], background: NDArray[Any], *, false_alarm_rate: float
) -> float:
    """Compute the largest detection rate of all thresholds with at most this false alarm rate.

    The ROC curve is read as a step function, without interpolation.
    """
    allowed = math.floor(false_alarm_rate * background.size * (1 + 1e-12))  # 0.1 · 30 is below 3
    if allowed >= background.size:
        return 1.0
    strongest_allowed = np.partition(background, -(allowed + 1))[-(allowed + 1)]
    return float(np.mean(anomalies > strongest_allowed))


def decibel(ratio: float) -> float:
    """Express a ratio in decibel, minus infinity for 0."""
    return 10 * math.log10(ratio) if ratio != 0 else -math.inf
