"""Receptive fields of blind-spot networks, and their figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from detection.figures.figure_text import paragraph
from detection.figures.style import COLUMN, PAGE, print_style

LOWEST = 1e-6  # of the largest influence: below, it is negligible
BLIND, FAINT, SELF = "#dcdcdc", "black", "#D55E00"


@dataclass(frozen=True)
class View:
    """The influence of pixels on the reconstruction of the central one, relative to the largest.

    `influence` is (S, S), S odd, and exactly zero where a pixel has none.
    """

    influence: NDArray[np.float64]

    @property
    def self_influence(self) -> float:
        """The influence of the central pixel."""
        centre = len(self.influence) // 2
        return float(self.influence[centre, centre])

    @cached_property
    def blind_side(self) -> int:
        """Side of the largest square around the centre that is exactly zero; 0 if there is none."""
        rows, columns = np.nonzero(self.influence)
        centre = len(self.influence) // 2
        distances = np.maximum(abs(rows - centre), abs(columns - centre))
        nearest = int(distances.min(initial=centre + 1))
        return max(2 * nearest - 1, 0)

    @property
    def headline(self) -> str:
        """The blind square or, without one, the self-influence."""
        side = self.blind_side
        return f"blind to {side}×{side}" if side else f"itself: {format_power(self.self_influence)}"


@dataclass(frozen=True)
class ReceptiveField:
    """The views of a method's network, without PD and, if it has any, with PD as it predicts.

    `factors` are those of PD in training and in prediction, None for a network without. `leak`
    explains the influence of a pixel on itself, if it has any.
    """

    title: str
    factors: tuple[int, int] | None
    without_pd: View
    predicting: View | None
    leak: str = ""


def format_power(value: float) -> str:
    """Format a small number with one digit, as in 4·10⁻¹²; larger ones as usual."""
    if value >= 0.01:
        return f"{value:.2g}"
    digit, exponent = f"{value:.0e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digit}·10{raised}"


@print_style
def blindspot_figure(fields: Sequence[ReceptiveField]) -> Figure:
    """Draw the receptive field of each network, without PD above and as it predicts below."""
    rows = 2 if any(field.predicting for field in fields) else 1
    width = COLUMN if len(fields) == 1 else PAGE
    panel = min((width - 1) / len(fields), 2)
    note = paragraph(figure_note(fields), inches=width - 0.2)
    height = rows * (panel + 0.3) + 0.7 + 0.14 * (note.count("\n") + 1)
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.05))
    panels = figure.subplots(rows, len(fields), squeeze=False)
    for field, column in zip(fields, panels.T, strict=True):
        draw_view(column[0], field.without_pd)
        column[0].set_title(field.title, fontweight="bold", pad=14)
        write_above(column[0], field.without_pd.headline)
        if rows == 2:
            draw_prediction(column[1], field)
    panels[0, 0].set_ylabel("without PD")
    if rows == 2:
        panels[1, 0].set_ylabel("as it predicts, with PD" if panel > 1.3 else "with PD")
    add_keys(figure, panels.ravel().tolist(), columns=3 if width == PAGE else 1)
    figure.supxlabel(note, x=0.02, ha="left")
    return figure


def draw_prediction(axes: Axes, field: ReceptiveField) -> None:
    """Draw the receptive field with PD, or a note that there is none."""
    if field.predicting is None or field.factors is None:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        text = "no PD:\npredicts as above"
        axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
        return
    draw_view(axes, field.predicting)
    write_above(axes, f"PD {field.factors[1]}\n{field.predicting.headline}")


def write_above(axes: Axes, headline: str) -> None:
    """Write a headline above a panel, below its title."""
    axes.annotate(headline, (0.5, 1), (0, 3), "axes fraction", "offset points", ha="center")


def draw_view(axes: Axes, view: View) -> None:
    """Draw the influence on a logarithmic scale of colours, and mark the pixel itself."""
    seen = np.ma.masked_equal(view.influence, 0)
    axes.imshow(seen, cmap=influence_colours(), norm=LogNorm(LOWEST, 1), interpolation="nearest")
    centre = len(view.influence) // 2
    corner = centre - 0.5, centre - 0.5
    axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=SELF, linewidth=1.5))
    axes.set(xticks=[], yticks=[])


def influence_colours() -> Colormap:
    """Return the colour map of influence, with colours for negligible and none."""
    return matplotlib.colormaps["viridis"].with_extremes(bad=BLIND, under=FAINT)


def add_keys(figure: Figure, panels: list[Axes], *, columns: int) -> None:
    """Add a colour bar for the influence, and a legend for negligible and none."""
    scale = ScalarMappable(LogNorm(LOWEST, 1), influence_colours())
    bar = figure.colorbar(scale, ax=panels, extend="min", aspect=30, pad=0.01)
    bar.set_label("influence, relative to the largest")
    handles = [
        Patch(facecolor=BLIND, edgecolor="grey", label="exactly none: blind"),
        Patch(facecolor=FAINT, edgecolor="grey", label="below 10⁻⁶: negligible"),
        Patch(facecolor="none", edgecolor=SELF, linewidth=1.5, label="the pixel itself"),
    ]
    location: Literal["outside upper center"] = "outside upper center"
    legend = figure.legend(handles=handles, loc=location, ncols=columns)
    legend.set_frame_on(False)


def figure_note(fields: Sequence[ReceptiveField]) -> str:
    """Explain the figure in a note."""
    side = len(fields[0].without_pd.influence)
    note = (
        f"How much each of the {side}×{side} pixels around a pixel influences its reconstruction: "
        f"|gradient| at the initial weights, summed over bands."
    )
    if any(field.predicting for field in fields):
        note += (
            " PD, pixel-shuffle downsampling by f, makes sub-images of every f-th pixel; shown is "
            "a pixel in the centre of one. Near its border a pixel sees some of the others too."
        )
    return " ".join([note, *leak_notes(fields)])


def leak_notes(fields: Sequence[ReceptiveField]) -> list[str]:
    """Explain self-influences, one sentence for the networks with the same leak."""
    reasons = dict.fromkeys(field.leak for field in fields if field.leak)
    return [
        f"{', '.join(field.title for field in fields if field.leak == leak)}: {leak}."
        for leak in reasons
    ]
