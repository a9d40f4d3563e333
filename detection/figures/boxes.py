"""Separability of background and anomalies: boxes of their scores."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from detection.figures.curves import BLUE, VERMILION
from detection.figures.figure_text import fitted_text, paragraph, text_width
from detection.figures.style import COLUMN, PAGE, print_style
from detection.measures import drop_nan

CLASSES = (("background", False, BLUE, -0.19), ("anomalies", True, VERMILION, 0.19))
NOTE = "Box: percentiles 10 to 90; line: median; whiskers: smallest and largest score."
TURNED = 1.1  # inches, of a label that does not fit below its boxes


@print_style
def separability_figure(
    anomalous: NDArray[np.bool_], scores: Mapping[str, NDArray[np.float32]]
) -> Figure:
    """Draw the scores of background and anomalies as a pair of boxes per method.

    A box is from the 10th to the 90th percentile, its whiskers from the minimum to the maximum; the
    figure says so. Up to four methods fit in the width of a column.
    """
    width = COLUMN if len(scores) < 5 else PAGE
    figure = Figure(figsize=(width, 2.8), layout="constrained")
    axes = figure.subplots()
    valid = [drop_nan(anomalous, values) for values in scores.values()]
    for _, of_class, colour, shift in CLASSES:
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
    label_methods(axes, list(scores), inches=(width - 0.6) / len(scores) - 0.05)
    axes.set(ylabel="Score", ylim=(-0.02, 1.02), xlim=(-0.6, len(scores) - 0.4))
    axes.grid(axis="y", alpha=0.3, linewidth=0.5)
    handles = [
        Patch(facecolor=colour, alpha=0.75, edgecolor="black", label=label)
        for label, _, colour, _ in CLASSES
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2, frameon=False)
    figure.supxlabel(paragraph(NOTE, inches=width - 0.2))
    return figure


def label_methods(axes: Axes, methods: list[str], *, inches: float) -> None:
    """Label the pairs of boxes, turned where a label is wider than its pair."""
    turned = any(text_width(method) > inches for method in methods)
    room = TURNED if turned else inches
    axes.set_xticks(range(len(methods)), [fitted_text(one, inches=room) for one in methods])
    if turned:
        axes.tick_params("x", rotation=30)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("right")
            label.set_rotation_mode("anchor")


def box(values: NDArray[np.float32]) -> dict[str, object]:
    """Compute what a box shows of scores."""
    low, first, median, third, high = np.percentile(values, (0, 10, 50, 90, 100))
    return {"whislo": low, "q1": first, "med": median, "q3": third, "whishi": high, "label": ""}
