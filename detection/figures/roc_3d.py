"""Detection and false alarm rates over the threshold, and the ROC curve of all three.

Chang, "An Effective Evaluation Tool for Hyperspectral Target Detection: 3D Receiver Operating
Characteristic Curve Analysis", IEEE TGRS 59(6), 2021, DOI 10.1109/TGRS.2020.3021671. Scores are
scaled to [0, 1], as for the measures; a pixel is detected where its score is at least τ.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from detection.figures.curves import line_styles
from detection.figures.figure_text import fitted_text
from detection.figures.panels import LINE, Box
from detection.figures.style import PAGE, print_style
from detection.measures import ClassScores, class_scores

POINTS = 501  # of each of the three kinds of thresholds at which rates are computed
PLOTS = 2.4  # inches, the height of the plots with the labels of their axes
AREAS = {"AUC(D,F)": 5.3, "AUC(D,τ)": 6.15, "AUC(F,τ)": 7.0}  # right edges in inches


@print_style
def roc_3d_figure(
    anomalous: NDArray[np.bool_], scores: Mapping[str, NDArray[np.float32]]
) -> Figure:
    """Draw (PF, τ, PD), (PD, τ) and (PF, τ) of each method's scores (H, W), and list the areas."""
    classes = {label: class_scores(anomalous, values) for label, values in scores.items()}
    figure = Figure(figsize=(PAGE, PLOTS + LINE * (len(scores) + 1.5)))
    space = figure.add_axes(Box(0.0, -0.05, 2.6, 2.45).shares(figure), projection="3d")
    detections = figure.add_axes(Box(3.25, 0.12, 1.5, 1.85).shares(figure))
    alarms = figure.add_axes(Box(5.5, 0.12, 1.5, 1.85).shares(figure))
    for one, style in zip(classes.values(), line_styles(), strict=False):
        taus, detected, falsely = rates(one)
        space.plot(falsely, taus, detected, **style)
        detections.plot(taus, detected, **style)
        alarms.plot(taus, falsely, **style)
    unit = {"xlim": (0, 1), "ylim": (0, 1.02)}
    detections.set(xlabel="Threshold τ", ylabel="Detection rate PD", **unit)
    alarms.set(xlabel="Threshold τ", ylabel="False alarm rate PF", **unit)
    for axes in (detections, alarms):
        axes.grid(alpha=0.3, linewidth=0.5)
    dress(space)
    list_areas(Box(0, PLOTS, PAGE, LINE * (len(scores) + 1.5)).axes(figure), classes)
    return figure


def rates(
    scores: ClassScores,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Compute thresholds, ascending, with the detection and the false alarm rate of each."""
    tail = np.geomspace(1 / len(scores.background), 1, POINTS)  # of few false alarms
    taus = np.unique(
        np.concatenate(
            [
                np.linspace(0, 1, POINTS),
                np.quantile(scores.anomalies, np.linspace(0, 1, POINTS)),
                np.quantile(scores.background, 1 - tail),
            ]
        )
    )
    return taus, share_reaching(scores.anomalies, taus), share_reaching(scores.background, taus)


def share_reaching(values: NDArray[Any], taus: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the share of the values that are at least each threshold."""
    below = np.searchsorted(np.sort(values), taus, side="left")
    return 1 - below / len(values)


def dress(space: Any) -> None:
    """Label the axes in space, and turn them so that no curve hides another."""
    space.set(xlim=(0, 1), ylim=(0, 1), zlim=(0, 1))
    upper = (0.5, 1)  # the labels of three zeros would be on each other
    space.set(xticks=(0, 0.5, 1), yticks=upper, zticks=upper)
    space.set_xlabel("PF", labelpad=-6)
    space.set_ylabel("τ", labelpad=-6)
    space.set_zlabel("PD", labelpad=-8)
    space.tick_params(pad=-3)
    space.view_init(elev=22, azim=-55)
    space.set_box_aspect(None, zoom=0.92)


def list_areas(axes: Axes, classes: Mapping[str, ClassScores]) -> None:
    """List the methods with their lines and areas, in the order given, in inches from the top."""
    width = AREAS["AUC(D,F)"] - 1.4
    height = LINE * (len(classes) + 1.5)
    axes.set(xlim=(0, PAGE), ylim=(-height, 0))
    write_row(axes, 0, list(AREAS))
    for row, ((label, one), style) in enumerate(
        zip(classes.items(), line_styles(), strict=False), start=1
    ):
        middle = -(row + 0.5) * LINE
        axes.plot([0.1, 0.5], [middle, middle], **style)
        axes.text(0.6, middle, fitted_text(label, inches=width), va="center")
        write_row(axes, row, [f"{area:.4f}" for area in (one.df, one.dtau, one.ftau)])


def write_row(axes: Axes, row: int, texts: Sequence[str]) -> None:
    """Write the areas of a row, or their names."""
    for text, right in zip(texts, AREAS.values(), strict=True):
        axes.text(right, -(row + 0.5) * LINE, text, ha="right", va="center")
