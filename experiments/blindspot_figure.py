"""What a blind-spot network sees around a pixel: the shares of influence, and their picture."""

import textwrap
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

LEAST = 1e-6  # of the largest influence: below, a network sees next to nothing
BLIND, FAINT, ITSELF = "#dcdcdc", "black", "#D55E00"


@dataclass(frozen=True)
class View:
    """The influence of the pixels around one on its reconstruction, relative to the largest.

    `influence` is (S, S), S odd, and exactly zero where nothing is seen.
    """

    influence: NDArray[np.float64]

    @property
    def itself(self) -> float:
        """The influence of the pixel in the middle."""
        middle = len(self.influence) // 2
        return float(self.influence[middle, middle])

    @cached_property
    def blind_side(self) -> int:
        """Side of the largest square around the middle that is exactly zero, 0 where none is."""
        rows, columns = np.nonzero(self.influence)
        middle = len(self.influence) // 2
        distances = np.maximum(abs(rows - middle), abs(columns - middle))
        nearest = int(distances.min(initial=middle + 1))
        return max(2 * nearest - 1, 0)

    @property
    def fact(self) -> str:
        """The most telling fact about it, in few words."""
        side = self.blind_side
        return f"blind to {side}×{side}" if side else f"itself: {power_of_ten(self.itself)}"


@dataclass(frozen=True)
class ReceptiveField:
    """What a method's network sees without PD and, where it has any, with PD as it predicts.

    `factors` are those of PD in training and in prediction, None for a network without. `leak` says
    how a pixel comes to see itself, where it does.
    """

    title: str
    factors: tuple[int, int] | None
    without_pd: View
    predicting: View | None
    leak: str = ""


def power_of_ten(value: float) -> str:
    """Write a small number to one digit, as in 4·10⁻¹²; large ones as they are."""
    if value >= 0.01:
        return f"{value:.2g}"
    digit, exponent = f"{value:.0e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digit}·10{raised}"


def blindspot_figure(fields: Sequence[ReceptiveField]) -> Figure:
    """Draw what each network sees around a pixel, without PD above and as it predicts below."""
    rows = 2 if any(field.predicting for field in fields) else 1
    panel = 2.05 if len(fields) > 3 else 3.2
    width = panel * len(fields) + 1.6
    note = textwrap.fill(note_on(fields), width=int(14 * width))
    height = rows * (panel + 0.25) + 0.9 + 0.18 * (note.count("\n") + 1)
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.07))
    panels = figure.subplots(rows, len(fields), squeeze=False)
    for field, column in zip(fields, panels.T, strict=True):
        draw_view(column[0], field.without_pd)
        column[0].set_title(field.title, fontsize=12, fontweight="bold", pad=20)
        write_above(column[0], field.without_pd.fact)
        if rows == 2:
            draw_prediction(column[1], field)
    panels[0, 0].set_ylabel("without PD", fontsize=12)
    if rows == 2:
        panels[1, 0].set_ylabel("as it predicts, with PD", fontsize=12)
    add_keys(figure, panels.ravel().tolist(), columns=3 if width > 7 else 1)
    figure.supxlabel(note, fontsize=9.5, x=0.02, ha="left")
    return figure


def draw_prediction(axes: Axes, field: ReceptiveField) -> None:
    """Draw what is seen with PD, or say that there is none."""
    if field.predicting is None or field.factors is None:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        words = "no PD:\npredicts as above"
        axes.text(0.5, 0.5, words, ha="center", va="center", fontsize=11, transform=axes.transAxes)
        return
    draw_view(axes, field.predicting)
    write_above(axes, f"PD {field.factors[1]}, {field.predicting.fact}")


def write_above(axes: Axes, fact: str) -> None:
    """Write a fact right above a panel, below its title."""
    axes.annotate(fact, (0.5, 1), (0, 4), "axes fraction", "offset points", ha="center", size=11)


def draw_view(axes: Axes, view: View) -> None:
    """Draw the influence on a logarithmic scale of colours, and mark the pixel itself."""
    seen = np.ma.masked_equal(view.influence, 0)
    axes.imshow(seen, cmap=colours(), norm=LogNorm(LEAST, 1), interpolation="nearest")
    middle = len(view.influence) // 2
    corner = middle - 0.5, middle - 0.5
    axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=ITSELF, linewidth=1.5))
    axes.set(xticks=[], yticks=[])


def colours() -> Colormap:
    """The colours of influence: of all, of next to nothing, of none."""
    return matplotlib.colormaps["viridis"].with_extremes(bad=BLIND, under=FAINT)


def add_keys(figure: Figure, panels: list[Axes], *, columns: int) -> None:
    """Explain the colours: a bar for what is seen, a legend for the rest."""
    scale = ScalarMappable(LogNorm(LEAST, 1), colours())
    bar = figure.colorbar(scale, ax=panels, extend="min", aspect=30, pad=0.01)
    bar.set_label("influence, relative to the largest", fontsize=11)
    handles = [
        Patch(facecolor=BLIND, edgecolor="grey", label="exactly none: blind"),
        Patch(facecolor=FAINT, edgecolor="grey", label="below 10⁻⁶: next to none"),
        Patch(facecolor="none", edgecolor=ITSELF, linewidth=1.5, label="the pixel itself"),
    ]
    place: Literal["outside upper center"] = "outside upper center"
    legend = figure.legend(handles=handles, loc=place, ncols=columns, fontsize=11)
    legend.set_frame_on(False)


def note_on(fields: Sequence[ReceptiveField]) -> str:
    """What a reader of the picture has to know besides."""
    side = len(fields[0].without_pd.influence)
    what = (
        f"How much each of the {side}×{side} pixels around a pixel sways its reconstruction: "
        f"|gradient| at the initial weights, summed over bands."
    )
    if any(field.predicting for field in fields):
        what += (
            " PD, pixel-shuffle downsampling by f, makes sub-images of every f-th pixel; shown is "
            "a pixel in the middle of one. Near its border a pixel sees some of the others too."
        )
    return " ".join([what, *leaks_of(fields)])


def leaks_of(fields: Sequence[ReceptiveField]) -> list[str]:
    """How pixels come to see themselves, a sentence for the networks with the same leak."""
    reasons = dict.fromkeys(field.leak for field in fields if field.leak)
    return [
        f"{', '.join(field.title for field in fields if field.leak == leak)}: {leak}."
        for leak in reasons
    ]
