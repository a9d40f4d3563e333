"""Plots of scores: ROC curves, separability, AUC over epochs.

The colours are those of Okabe and Ito, which colour-blind readers can distinguish; line styles do
the same in black and white.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from detection.figures.figure_text import figure_text
from detection.measures import drop_nan

BLUE, VERMILION = "#0072B2", "#D55E00"
COLOURS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
DASHES = ("-", "--", ":")  # no divisor of the number of colours


def line_styles() -> Iterator[dict[str, Any]]:
    """Yield line styles that differ in colour and in dashes, without end."""
    for colour, dashes in zip(itertools.cycle(COLOURS), itertools.cycle(DASHES), strict=False):
        yield {"color": colour, "linestyle": dashes, "linewidth": 1.6}


def roc_figure(anomalous: NDArray[np.bool_], scores: Mapping[str, NDArray[np.float32]]) -> Figure:
    """Draw the ROC curve of each method's scores (H, W) over a log axis of false alarm rates."""
    figure = Figure(figsize=(5.2, 4.4 + 0.2 * max(len(scores) - 4, 0)), layout="constrained")
    axes = figure.subplots()
    valid = {label: drop_nan(anomalous, values) for label, values in scores.items()}
    background = max(np.count_nonzero(~truth) for truth, _ in valid.values())
    lowest = 1 / background  # one false alarm; a log axis has no 0
    for (label, (truth, values)), style in zip(valid.items(), line_styles(), strict=False):
        false_alarms, detections, _ = roc_curve(truth, values)
        rates = np.maximum(false_alarms, lowest)
        axes.step(rates, detections, where="post", label=figure_text(label), **style)
    axes.set(xscale="log", xlim=(lowest, 1), ylim=(0, 1.02))
    axes.set(xlabel="False alarm rate", ylabel="Detection rate")
    axes.grid(which="both", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def separability_figure(
    anomalous: NDArray[np.bool_], scores: Mapping[str, NDArray[np.float32]]
) -> Figure:
    """Draw the scores of background and anomalies as a pair of boxes per method.

    A box is from the 10th to the 90th percentile, its whiskers from the minimum to the maximum.
    """
    figure = Figure(figsize=(1.8 + 1.1 * len(scores), 4.2), layout="constrained")
    axes = figure.subplots()
    valid = [drop_nan(anomalous, values) for values in scores.values()]
    classes = (("background", False, BLUE, -0.19), ("anomalies", True, VERMILION, 0.19))
    for _, of_class, colour, shift in classes:
        boxes = axes.bxp(
            [box(values[truth == of_class]) for truth, values in valid],
            positions=np.arange(len(scores)) + shift,
            widths=0.3,
            showfliers=False,
            patch_artist=True,
            medianprops={"color": "black"},
        )
        for patch in boxes["boxes"]:
            patch.set(facecolor=colour, alpha=0.75)
    axes.set_xticks(range(len(scores)), list(map(figure_text, scores)))
    if max(map(len, scores)) > 10:
        axes.tick_params("x", rotation=25)
        for name in axes.get_xticklabels():
            name.set(ha="right", rotation_mode="anchor")
    axes.set(ylabel="Score", ylim=(-0.02, 1.02), xlim=(-0.6, len(scores) - 0.4))
    axes.grid(axis="y", alpha=0.3)
    handles = [
        Patch(facecolor=colour, alpha=0.75, edgecolor="black", label=label)
        for label, _, colour, _ in classes
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2, frameon=False)
    return figure


def box(values: NDArray[np.float32]) -> dict[str, object]:
    """Compute what a box shows of scores."""
    low, first, median, third, high = np.percentile(values, (0, 10, 50, 90, 100))
    return {"whislo": low, "q1": first, "med": median, "q3": third, "whishi": high, "label": ""}


def auc_figure(curves: Mapping[str, Sequence[tuple[int, float]]]) -> Figure:
    """Draw the AUC over the epochs, each curve a list of (epoch, AUC)."""
    figure = Figure(figsize=(5.6, 3.8 + 0.2 * max(len(curves) - 4, 0)), layout="constrained")
    axes = figure.subplots()
    for (label, curve), style in zip(curves.items(), line_styles(), strict=False):
        epochs, aucs = zip(*curve, strict=True)
        marker = "o" if len(curve) < 40 else ""
        axes.plot(epochs, aucs, label=figure_text(label), marker=marker, markersize=3, **style)
    axes.set(xlabel="Epoch", ylabel="AUC(D,F)")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure
