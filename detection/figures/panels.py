"""Panels of a figure: images with their title above, and their colours or their scale below."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from detection.figures.figure_text import fitted_text, text_width
from detection.figures.place import Place
from detection.figures.stretch import clipped
from detection.figures.style import DPI, TEXT

LINE = 1.25 * TEXT / 72  # inches, the height of a line of text
SPACE = 0.08  # inches, between panels and at the edges of the figure
PAD = 0.04  # inches, between an image and what is above and below it
BELOW = 0.1 + LINE  # inches, what is below an image
BAR = 0.05  # inches, the height of a colour bar
WIDE = 1.4  # inches, of a bar that has room for a label in the middle


@dataclass(frozen=True)
class Panel:
    """An image with its title: colours (H, W, 3), scores (H, W) with their norm, or grey values.

    Below it are the colours of its scores, the scale of its `place`, or a text.
    """

    title: str
    picture: NDArray[Any]
    norm: Normalize | None = None
    place: Place | None = None
    text: str = ""
    colours: str = "viridis"  # of scores: the name of a colour map

    @property
    def aspect(self) -> float:
        """The height of the image over its width."""
        height, width = self.picture.shape[:2]
        return float(height / width)


@dataclass(frozen=True)
class Box:
    """A part of a figure, in inches from its upper left corner."""

    left: float
    top: float
    width: float
    height: float

    def shares(self, figure: Figure) -> tuple[float, float, float, float]:
        """Return left, bottom, width and height as shares of the figure's width and height."""
        width, height = figure.get_size_inches()
        bottom = height - self.top - self.height
        return self.left / width, bottom / height, self.width / width, self.height / height

    def axes(self, figure: Figure) -> Axes:
        """Make axes without frame that fill the box."""
        axes = figure.add_axes(self.shares(figure))
        axes.set_axis_off()
        return axes

    def around(self, aspect: float) -> "Box":
        """Return the largest box of an aspect (height over width) in the middle, at the top."""
        width = min(self.width, self.height / aspect)
        return Box(self.left + (self.width - width) / 2, self.top, width, width * aspect)

    def below(self, height: float, *, after: float, width: float) -> "Box":
        """Return a box some inches below the middle of this one."""
        left = self.left + (self.width - width) / 2
        return Box(left, self.top + self.height + after, width, height)


def draw_panel(figure: Figure, panel: Panel, cell: Box) -> None:
    """Draw a panel, its image as large as fits into the cell; the rest is above and below it."""
    box = cell.around(panel.aspect)
    axes = box.axes(figure)
    draw_title(axes, panel.title, cell)
    image = show(axes, panel, reduced(panel.picture, box))
    if panel.norm is not None:
        draw_bar(figure, image, panel, box.below(BAR, after=PAD, width=bar_width(box, cell)))
    if panel.place is not None:
        draw_place(box.below(BELOW, after=0, width=box.width).axes(figure), panel, panel.place, box)
    if panel.text and text_width(panel.text) < cell.width:
        axes.annotate(
            panel.text, (0.5, 0), (0, -3), "axes fraction", "offset points", va="top", ha="center"
        )


def draw_title(axes: Axes, title: str, cell: Box) -> None:
    """Write a title of up to three lines above an image."""
    axes.set_title(fitted_text(title, inches=cell.width, lines=3), pad=72 * PAD)


def show(axes: Axes, panel: Panel, picture: NDArray[Any]) -> AxesImage:
    """Show the image of a panel."""
    if panel.norm is not None:
        picture = clipped(picture, panel.norm)
        return axes.imshow(picture, norm=panel.norm, cmap=panel.colours, interpolation="nearest")
    if picture.ndim == 3:
        return axes.imshow(picture, interpolation="nearest")
    return axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")


def reduced(picture: NDArray[Any], box: Box) -> NDArray[Any]:
    """Reduce an image that has more pixels than the dots of its box, which would leave some out.

    A dot is the largest of its scores: a single anomalous pixel stays.
    """
    height, width = picture.shape[:2]
    factor = math.ceil(max(height / box.height, width / box.width) / DPI)
    if factor < 2:
        return picture
    rows, columns = np.arange(0, height, factor), np.arange(0, width, factor)
    if picture.ndim == 3:
        return picture[::factor, ::factor]
    return np.fmax.reduceat(np.fmax.reduceat(picture, rows, axis=0), columns, axis=1)


def bar_width(box: Box, cell: Box) -> float:
    """Return the width of the colour bar of an image: at least that of its labels."""
    return max(box.width, min(cell.width, 0.75))


def draw_bar(figure: Figure, image: AxesImage, panel: Panel, box: Box) -> None:
    """Draw the colours of scores as a bar, with the scores at its ends."""
    low, high = map(float, image.get_clim())
    beyond = bool(np.nanmin(panel.picture) < low), bool(np.nanmax(panel.picture) > high)
    extend = {(True, False): "min", (False, True): "max", (True, True): "both"}.get(beyond)
    axes = box.axes(figure)
    axes.set_axis_on()
    figure.colorbar(
        image, cax=axes, orientation="horizontal", extend=extend or "neither", extendfrac=0.04
    ).outline.set_linewidth(0.4)
    middle = math.sqrt(low * high) if isinstance(image.norm, LogNorm) else (low + high) / 2
    axes.set_xticks([])
    axes.minorticks_off()
    ends = bar_labels(low, high, inches=box.width)
    labels: dict[Any, tuple[float, str]] = {"left": (0, ends[0]), "right": (1, ends[1])}
    if box.width > WIDE:
        labels["center"] = (0.5, score_text(middle))
    for side, (place, text) in labels.items():
        axes.annotate(
            text, (place, 0), (0, -2), "axes fraction", "offset points", ha=side, va="top"
        )


def bar_labels(low: float, high: float, *, inches: float) -> tuple[str, str]:
    """Format the scores at the ends of a bar, the lower one shorter where two have no room."""
    end = score_text(high)
    room = 0.9 * inches - text_width(end) - 0.05
    lengths = (score_text(low), score_text(low, digits=1), f"{low:.0e}".replace("e-0", "e-"))
    return next((text for text in lengths if text_width(text) < room), lengths[-1]), end


def score_text(score: float, *, digits: int = 2) -> str:
    """Format a score in few digits, as in 0.0023 or 1.2e-6."""
    return f"{score:.{digits}g}".replace("e-0", "e-")


def draw_place(axes: Axes, panel: Panel, place: Place, image: Box) -> None:
    """Draw a scale bar and an arrow to the north below an image of a scene with a place."""
    columns = panel.picture.shape[1]
    length, text = place.bar(columns)
    end = length / columns * image.width
    axes.set(xlim=(0, image.width), ylim=(-BELOW, 0))  # inches
    middle = -PAD - LINE / 2
    axes.plot(
        [0, end],
        [middle, middle],
        color="black",
        linewidth=1.5,
        solid_capstyle="butt",
        clip_on=False,
    )
    axes.text(end + 0.05, middle, text, va="center")
    if place.north is None:
        return
    centre = max(image.width - 0.1, end + 0.1 + text_width(text) + 0.3)
    right, up = (0.09 * part for part in place.north)
    axes.annotate(
        "",
        (centre + right, middle + up),
        (centre - right, middle - up),
        arrowprops={
            "arrowstyle": "-|>",
            "shrinkA": 0,
            "shrinkB": 0,
            "mutation_scale": 6,
            "color": "black",
        },
        annotation_clip=False,
    )
    axes.text(centre - 0.13, middle, "N", ha="right", va="center")
