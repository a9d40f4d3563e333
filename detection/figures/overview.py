"""Detection maps of several methods on several scenes, one scene per row."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from data.scene import Scene
from detection.figures.figure_text import fitted_text, paragraph
from detection.figures.grid import WHOLE, title_height, write_note
from detection.figures.maps import scene_panels
from detection.figures.panels import BELOW, LINE, SPACE, Box, Panel, draw_panel, draw_title
from detection.figures.stretch import score_norm, stretch_note
from detection.figures.style import PAGE, print_style
from options.stretch import DEFAULT_STRETCH, Stretch

Maps = Mapping[str, NDArray[np.float32]]  # of methods, by their labels

MOST = 7  # methods per page, next to false colour and ground truth
LABEL = 0.36  # inches, of the name of a scene in two lines
LOWEST, HIGHEST = 0.7, 2.5  # inches, of a row's images


@dataclass(frozen=True)
class Row:
    """A scene with its panels, of which those that do not exist are None."""

    name: str
    panels: Sequence[Panel | None]

    def height(self, cell: float) -> float:
        """Compute the height of the row's images in inches, in cells of a width."""
        aspect = next(panel.aspect for panel in self.panels if panel)
        return min(max(cell * aspect, LOWEST), HIGHEST)


def overview_figures(
    scenes: Sequence[tuple[Scene, Maps]],
    methods: Sequence[str],
    *,
    stretch: Stretch = DEFAULT_STRETCH,
) -> list[Figure]:
    """Draw the maps of all methods on all scenes, with false colour and ground truth, in pages.

    A page has up to seven methods, and as many scenes as its height has room for.
    """
    figures = []
    for labels in portions(methods, most=MOST):
        rows = [make_row(scene, maps, labels, stretch) for scene, maps in scenes]
        cell = cell_width(2 + len(labels))
        figures += [draw_page(page, labels, stretch) for page in pages(rows, cell)]
    return figures


def portions(methods: Sequence[str], *, most: int) -> list[Sequence[str]]:
    """Divide methods into portions of about the same size."""
    size = math.ceil(len(methods) / math.ceil(len(methods) / most))
    return [methods[first : first + size] for first in range(0, len(methods), size)]


def make_row(scene: Scene, maps: Maps, methods: Sequence[str], stretch: Stretch) -> Row:
    """Make the panels of a scene: false colour, ground truth, and the map of each method."""
    shown: list[Panel | None] = [*scene_panels(scene)]
    shown += [None] * (2 - len(shown))
    for label in methods:
        values = maps.get(label)
        shown.append(None if values is None else Panel("", values, score_norm(values, stretch)))
    return Row(scene.name, shown)


def cell_width(columns: int) -> float:
    """Compute the width of a cell in inches."""
    return (PAGE - LABEL - (columns + 1) * SPACE) / columns


def pages(rows: Sequence[Row], cell: float) -> list[list[Row]]:
    """Divide rows into pages that are not too high."""
    found: list[list[Row]] = [[]]
    height = 0.0
    for row in rows:
        step = row.height(cell) + BELOW + SPACE
        if found[-1] and height + step > WHOLE - 4 * LINE:
            found.append([])
            height = 0
        found[-1].append(row)
        height += step
    return found


@print_style
def draw_page(rows: Sequence[Row], methods: Sequence[str], stretch: Stretch) -> Figure:
    """Draw the rows of a page, with the titles of the columns above the first."""
    titles = ["False colour", "Ground truth", *methods]
    cell = cell_width(len(titles))
    heads = [Panel(title, np.zeros((1, 1))) for title in titles]
    above = title_height(heads, cell=cell)
    text = paragraph(f"Bars: scores; {stretch_note(stretch)}", inches=PAGE - 2 * SPACE)
    heights = [row.height(cell) + BELOW + SPACE for row in rows]
    size = SPACE + above + sum(heights) + LINE * len(text.splitlines())
    figure = Figure(figsize=(PAGE, size))
    top = SPACE + above
    for row, step in zip(rows, heights, strict=True):
        first = row is rows[0]
        draw_row(figure, row, titles if first else [""] * len(titles), top=top, cell=cell)
        top += step
    write_note(figure, text)
    return figure


def draw_row(figure: Figure, row: Row, titles: Sequence[str], *, top: float, cell: float) -> None:
    """Draw the panels of a scene, and its name to the left of them."""
    height = row.height(cell)
    for number, (panel, title) in enumerate(zip(row.panels, titles, strict=True)):
        box = Box(LABEL + SPACE + number * (cell + SPACE), top, cell, height)
        if panel is not None:
            draw_panel(figure, replace(panel, title=title), box)
        else:
            draw_title(box.axes(figure), title, box)
    name = Box(SPACE, top, LABEL, height).axes(figure)
    text = fitted_text(row.name, inches=height + BELOW, lines=2)
    name.text(0.5, 0.5, text, rotation=90, ha="center", va="center")
