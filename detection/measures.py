"""From a reconstruction to scores, and from scores to what they are worth.

Measures: Chang, "An Effective Evaluation Tool for Hyperspectral Target Detection: 3D Receiver
Operating Characteristic Curve Analysis", IEEE TGRS 59(6), 2021, DOI 10.1109/TGRS.2020.3021671.

The score of a pixel without data is NaN, and is left out of everything.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM_RATES = (1e-3, 1e-2, 1e-1)  # at which the detection rate is told

# What the measures are called, by their names in files, each with its formula.
MEASURES = {
    "auc_df": ("AUC(D,F)", "area under the ROC curve"),
    "auc_dtau": ("AUC(D,τ)", "mean score of the anomalies"),
    "auc_ftau": ("AUC(F,τ)", "mean score of the background"),
    "auc_td": ("AUC_TD", "AUC(D,F) + AUC(D,τ)"),
    "auc_bs": ("AUC_BS", "AUC(D,F) − AUC(F,τ)"),
    "auc_tdbs": ("AUC_TDBS", "AUC(D,τ) − AUC(F,τ)"),
    "auc_snpr": ("AUC_SNPR", "AUC(D,τ) / AUC(F,τ)"),
    "auc_snpr_db": ("AUC_SNPR (dB)", "10 · log₁₀ AUC_SNPR"),
    "auc_od": ("AUC_OD = AUC_OA", "AUC(D,F) + AUC(D,τ) − AUC(F,τ)"),
    "auc_odp": ("AUC_ODP", "AUC(D,τ) + (1 − AUC(F,τ))"),
    **{
        f"pd_at_{rate:g}": (
            f"PD at PF = {rate:g}",
            f"detection rate at a false alarm rate ≤ {rate:g}",
        )
        for rate in FALSE_ALARM_RATES
    },
}


def scaled(scores: NDArray[Any]) -> NDArray[Any]:
    """Scale scores to [0, 1] by their minimum and maximum; to 0 where all are equal.

    NaN stays NaN. At least one score has to be a number.
    """
    low, high = np.nanmin(scores), np.nanmax(scores)
    return (scores - low) / (high - low if high > low else 1)


def of_data(
    anomalous: NDArray[np.bool_], scores: NDArray[Any]
) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Leave out pixels without data: truth and scores (H, W) → both (pixels,)."""
    known = ~np.isnan(scores)
    return anomalous[known], scores[known]


@dataclass(frozen=True)
class Measures:
    """What scores in [0, 1] are worth; the three areas, and the measures that follow from them."""

    auc_df: float
    auc_dtau: float
    auc_ftau: float
    detection_rates: tuple[float, ...]  # at FALSE_ALARM_RATES

    @property
    def auc_snpr(self) -> float:
        """AUC(D,τ) / AUC(F,τ): infinite where no background pixel scores, NaN where none does."""
        if self.auc_ftau > 0:
            return self.auc_dtau / self.auc_ftau
        return math.inf if self.auc_dtau > 0 else math.nan

    @property
    def auc_snpr_db(self) -> float:
        """AUC_SNPR in decibel, minus infinity where no anomaly scores."""
        return 10 * math.log10(self.auc_snpr) if self.auc_snpr != 0 else -math.inf

    def values(self) -> dict[str, float]:
        """All measures by the names of `MEASURES`, in that order."""
        df, dtau, ftau = self.auc_df, self.auc_dtau, self.auc_ftau
        values = [df, dtau, ftau, df + dtau, df - ftau, dtau - ftau]
        values += [self.auc_snpr, self.auc_snpr_db, df + dtau - ftau, dtau + (1 - ftau)]
        return dict(zip(MEASURES, [*values, *self.detection_rates], strict=True))


def measure(anomalous: NDArray[np.bool_] | None, scores: NDArray[Any]) -> Measures | None:
    """Measure scores (H, W) against a truth; None without one, or where a class has no pixel.

    The scores are scaled to [0, 1] first. Every measure is exact: the areas over the threshold τ
    are mean scores, because ∫ P(s ≥ τ) dτ over [0, 1] is the mean of s.
    """
    if anomalous is None:
        return None
    anomalous, scores = of_data(anomalous, scores)
    if anomalous.all() or not anomalous.any():
        return None
    unit = scaled(scores.astype(np.float64))
    detected, false = unit[anomalous], unit[~anomalous]
    return Measures(
        auc_df=area_under_roc(anomalous, unit),
        auc_dtau=float(detected.mean()),
        auc_ftau=float(false.mean()),
        detection_rates=tuple(
            detection_rate(detected, false, false_alarm_rate=rate) for rate in FALSE_ALARM_RATES
        ),
    )


def json_values(measures: Measures | None) -> dict[str, float | None] | None:
    """The measures as JSON holds them: null for what is infinite or undefined."""
    if measures is None:
        return None
    values = measures.values().items()
    return {name: value if math.isfinite(value) else None for name, value in values}


def area_under_roc(anomalous: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """Area under the ROC curve, AUC(D,F), of two classes that both have pixels.

    It is the share of pairs of an anomaly and a background pixel that are scored in this order,
    a tie counting half (Mann–Whitney U).
    """
    anomalous, scores = of_data(anomalous, scores)
    detected, false = scores[anomalous], np.sort(scores[~anomalous])
    below, up_to = (np.searchsorted(false, detected, side) for side in ("left", "right"))
    in_order = (below.sum() + up_to.sum()) / 2
    return float(in_order / (detected.size * false.size))


def detection_rate(
    detected: NDArray[Any], false: NDArray[Any], *, false_alarm_rate: float
) -> float:
    """The largest share of anomalies above a threshold that at most this share of background is.

    `detected` are the scores of the anomalies, `false` those of the background. The ROC curve is
    read as the steps it is, without interpolation.
    """
    allowed = math.floor(false_alarm_rate * false.size * (1 + 1e-12))  # 0.1 · 30 is below 3
    if allowed >= false.size:
        return 1.0
    strongest_allowed = np.partition(false, -(allowed + 1))[-(allowed + 1)]
    return float(np.mean(detected > strongest_allowed))
