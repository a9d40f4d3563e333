"""Escape texts for Matplotlib, and fit them to a width."""

import textwrap
import warnings

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from detection.figures.style import TEXT
from utils.text import LEFT_OUT, printable, shortened

LONGEST = 60  # letters that a title or a legend has room for


def figure_text(text: str) -> str:
    """Return a text that a figure shows as it is.

    Otherwise dollars enclose mathematics, and a legend omits what begins with an underscore.
    """
    shown = printable(text, longest=LONGEST).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def text_width(text: str) -> float:
    """Measure a text in inches, in the size of all texts of figures."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a letter that the font lacks is a box
        width, _, _ = text_to_path.get_text_width_height_descent(
            text, FontProperties(size=TEXT), ismath=False
        )
    return float(width) / 72


def fitted_text(text: str, *, inches: float, lines: int = 1) -> str:
    """Break a text into lines of a width, and leave out what does not fit into so many of them."""
    text = printable(text, longest=LONGEST)
    for letters in range(len(text), 0, -1):
        if lines == 1:
            found = [shortened(text, letters)]
        else:
            found = textwrap.wrap(text, letters, max_lines=lines, placeholder=LEFT_OUT)
        if all(text_width(line) <= inches for line in found):
            return "\n".join(map(figure_text, found))
    return ""


def paragraph(text: str, *, inches: float) -> str:
    """Break a text of our own, of any length, into lines of a width."""
    for letters in range(len(text), 1, -1):
        lines = textwrap.wrap(text, letters, break_long_words=False)
        if all(text_width(line) <= inches for line in lines):
            return "\n".join(lines)
    return text
