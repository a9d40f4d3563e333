"""Balanced grids of panels, as large as half a page allows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from detection.figures.figure_text import fitted_text, paragraph
from detection.figures.panels import BELOW, LINE, PAD, SPACE, Box, Panel, draw_panel
from detection.figures.style import COLUMN, PAGE, print_style

HALF, WHOLE = 4.6, 9.0  # inches, the heights of a half and of a whole page, less a caption
SMALLEST = 0.7  # inches, of an image (root of its area), below which a grid takes a whole page


@dataclass(frozen=True)
class Grid:
    """Rows and columns of cells with images of an aspect (height over width), in inches."""

    rows: int
    columns: int
    aspect: float
    width: float
    highest: float

    @property
    def cell(self) -> float:
        """The width of a cell."""
        return (self.width - (self.columns + 1) * SPACE) / self.columns

    @property
    def image(self) -> float:
        """The width of an image; none that is positive where the rows are too many."""
        height = self.highest / self.rows - PAD - LINE - BELOW - SPACE
        return min(self.cell, height / self.aspect)

    @property
    def too_small(self) -> bool:
        """True where little could be seen in an image."""
        return self.image * math.sqrt(self.aspect) < SMALLEST


def balanced_grid(count: int, *, aspect: float, width: float) -> Grid:
    """Choose a grid with large images in few rows, without a nearly empty last row."""
    balanced = {math.ceil(count / rows) for rows in range(1, count + 1)}
    for highest in (HALF, WHOLE):
        grids = [
            Grid(math.ceil(count / columns), columns, aspect, width, highest)
            for columns in balanced
        ]
        best = max(grids, key=lambda grid: grid.image / math.sqrt(grid.rows))
        if not best.too_small:
            break
    return best


@print_style
def panel_figure(panels: Sequence[Panel], *, note: str = "") -> Figure:
    """Draw panels of images of one size, up to two in the width of a column, more in a page's.

    `note` is below them.
    """
    width = COLUMN if len(panels) < 3 else PAGE
    grid = balanced_grid(len(panels), aspect=panels[0].aspect, width=width)
    image = grid.image * grid.aspect
    rows = [panels[first : first + grid.columns] for first in range(0, len(panels), grid.columns)]
    above = [title_height(row, cell=grid.cell) for row in rows]
    text = paragraph(note, inches=width - 2 * SPACE)
    height = SPACE + sum(above) + grid.rows * (image + BELOW + SPACE)
    figure = Figure(figsize=(width, height + LINE * len(text.splitlines())))
    top = SPACE
    for row, titles in zip(rows, above, strict=True):
        top += titles
        for number, panel in enumerate(row):
            left = SPACE + number * (grid.cell + SPACE)
            draw_panel(figure, panel, Box(left, top, grid.cell, image))
        top += image + BELOW + SPACE
    write_note(figure, text)
    return figure


def title_height(panels: Sequence[Panel], *, cell: float) -> float:
    """Compute the height of the titles of a row in inches."""
    titles = [fitted_text(panel.title, inches=cell, lines=3) for panel in panels]
    return PAD + LINE * (1 + max(title.count("\n") for title in titles))


def write_note(figure: Figure, text: str) -> None:
    """Write a text of one or more lines at the bottom of a figure."""
    width, height = figure.get_size_inches()
    figure.text(SPACE / width, SPACE / 2 / height, text, va="bottom")
