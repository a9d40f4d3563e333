"""Figures of a comparison: maps and ROC curves, differences of ranks, agreement."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from detection.compare.agreement import Matrix, rank_shares
from detection.compare.comparison import Comparison
from detection.figures.figure_text import figure_text
from detection.figures.grid import panel_figure
from detection.figures.panels import Panel
from detection.figures.scene_figures import figures_of_scene
from detection.figures.style import COLUMN, PAGE, print_style
from options.stretch import Stretch

DARK = 0.65  # magnitude of a value from which its colour is dark
NUMBERED = 12  # predictions up to which a matrix has its numbers


def comparison_figures(comparison: Comparison, stretch: Stretch) -> dict[str, Figure]:
    """Draw all figures of a comparison, by kind."""
    return {
        **figures_of_scene(comparison.scene, comparison.scores, stretch=stretch),
        "differences": differences_figure(comparison),
        "agreement": agreement_figure(comparison),
    }


def differences_figure(comparison: Comparison) -> Figure:
    """Draw where each other prediction ranks a pixel higher or lower than the first."""
    first, *others = comparison.predictions
    ranks = rank_shares(first.scores)
    panels = [
        Panel(
            f"{other.label} − {first.label}",
            (rank_shares(other.scores) - ranks).astype(np.float32),
            norm=Normalize(-1, 1),
            colours="RdBu_r",
        )
        for other in others
    ]
    return panel_figure(panels, note="Differences of ranks, from 0 (lowest score) to 1 (highest)")


@print_style
def agreement_figure(comparison: Comparison) -> Figure:
    """Draw the rank correlations and the overlaps of masks as two matrices."""
    count = len(comparison.labels)
    side = 0.35 * count + 1.2 if count < NUMBERED else COLUMN
    figure = Figure(figsize=(PAGE, min(max(side, 2.2), PAGE)), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_matrix(left, comparison.correlations, comparison.labels, lowest=-1)
    left.set_title("Rank correlation (Spearman's ρ)")
    draw_matrix(right, comparison.overlaps, comparison.labels, lowest=0)
    right.set_title(f"Overlap of masks (Jaccard), {comparison.threshold}")
    right.set_yticklabels([])
    return figure


def draw_matrix(axes: Axes, matrix: Matrix, labels: list[str], *, lowest: float) -> None:
    """Draw a symmetric matrix with its labels and, unless it is large, its numbers."""
    axes.imshow(matrix, vmin=lowest, vmax=1, cmap="RdBu_r" if lowest < 0 else "Blues")
    texts = [figure_text(label) for label in labels]
    axes.set_xticks(range(len(labels)), texts, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), texts)
    if len(labels) > NUMBERED:
        return
    for (row, column), value in np.ndenumerate(matrix):
        dark = abs(value) > DARK  # NaN is not
        text = "–" if np.isnan(value) else f"{value:.2f}"
        axes.text(column, row, text, ha="center", va="center", color="white" if dark else "black")
