"""Curves: ROC, and AUC over epochs.

The colours are those of Okabe and Ito, which colour-blind readers can distinguish; line styles do
the same in black and white.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from detection.figures.figure_text import fitted_text, text_width
from detection.figures.style import COLUMN, print_style
from detection.measures import area_under_roc, drop_nan

BLUE, VERMILION = "#0072B2", "#D55E00"
COLOURS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
DASHES = ("-", "--", ":")  # no divisor of the number of colours
LINE = 0.17  # inches, of a line of a legend
HANDLE = 0.5  # inches, of a legend's sample of a line with the space around it
NARROWEST = 0.01  # of the range of AUCs that an axis shows


def line_styles() -> Iterator[dict[str, Any]]:
    """Yield line styles that differ in colour and in dashes, without end."""
    for colour, dashes in zip(itertools.cycle(COLOURS), itertools.cycle(DASHES), strict=False):
        yield {"color": colour, "linestyle": dashes, "linewidth": 1.2}


@print_style
def roc_figure(anomalous: NDArray[np.bool_], scores: Mapping[str, NDArray[np.float32]]) -> Figure:
    """Draw the ROC curve of each method's scores (H, W) over a log axis of false alarm rates.

    The legend has the areas under the curves, in the order of the methods.
    """
    valid = {label: drop_nan(anomalous, values) for label, values in scores.items()}
    areas = {label: area_under_roc(*one) for label, one in valid.items()}
    legend = Legend("AUC(D,F)", {label: f"{area:.4f}" for label, area in areas.items()})
    figure, axes = legend.figure()
    background = max(int(np.count_nonzero(~truth)) for truth, _ in valid.values())
    lowest = 1 / max(background, 2)  # one false alarm; a log axis has no 0, and needs a length
    for (truth, values), entry, style in zip(
        valid.values(), legend.entries, line_styles(), strict=False
    ):
        false_alarms, detections, _ = roc_curve(truth, values)
        rates = np.maximum(false_alarms, lowest)
        axes.step(rates, detections, where="post", label=entry, **style)
    axes.set(xscale="log", xlim=(lowest, 1), ylim=(0, 1.02))
    axes.set(xlabel="False alarm rate", ylabel="Detection rate")
    axes.grid(alpha=0.3, linewidth=0.5)
    legend.add(figure)
    return figure


@print_style
def auc_figure(curves: Mapping[str, Sequence[tuple[int, float]]]) -> Figure:
    """Draw the AUC over the epochs, each curve a list of (epoch, AUC); the legend has the last."""
    last = {label: f"{curve[-1][1]:.4f}" for label, curve in curves.items()}
    legend = Legend("AUC(D,F) of the last epoch", last)
    figure, axes = legend.figure()
    for curve, entry, style in zip(curves.values(), legend.entries, line_styles(), strict=False):
        epochs, aucs = zip(*curve, strict=True)
        marker = "o" if len(curve) < 40 else ""
        axes.plot(epochs, aucs, label=entry, marker=marker, markersize=2, **style)
    axes.set(xlabel="Epoch", ylabel="AUC(D,F)", ylim=auc_limits(curves))
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.grid(alpha=0.3, linewidth=0.5)
    legend.add(figure)
    return figure


def auc_limits(curves: Mapping[str, Sequence[tuple[int, float]]]) -> tuple[float, float]:
    """Return the range of an axis that has all AUCs, and none so narrow that it shows rounding."""
    aucs = [auc for curve in curves.values() for _, auc in curve]
    low, high = min(aucs), max(aucs)
    missing = max(NARROWEST - (high - low), 0) / 2
    margin = 0.05 * max(high - low, NARROWEST)
    return low - missing - margin, high + missing + margin


class Legend:
    """The legend below a plot as wide as a column: labels with a value each, and a title."""

    def __init__(self, title: str, values: Mapping[str, str]) -> None:
        self.title = title
        widest = max(text_width(f"  {value}") for value in values.values())
        room = COLUMN - HANDLE - widest - 0.2
        self.entries = [
            f"{fitted_text(label, inches=room)}  {value}" for label, value in values.items()
        ]

    @property
    def columns(self) -> int:
        """Two columns where all entries are short."""
        widest = max(map(text_width, self.entries)) + HANDLE
        return 2 if len(self.entries) > 1 and widest < (COLUMN - 0.2) / 2 else 1

    def figure(self) -> tuple[Figure, Axes]:
        """Make a figure with room for the legend."""
        rows = -(-len(self.entries) // self.columns) + 1
        figure = Figure(figsize=(COLUMN, 2.5 + LINE * rows), layout="constrained")
        return figure, figure.subplots()

    def add(self, figure: Figure) -> None:
        """Draw the legend."""
        figure.legend(
            loc="outside lower center", ncols=self.columns, frameon=False, title=self.title
        )
