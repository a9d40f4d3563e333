"""Escape texts for Matplotlib."""

from utils.text import printable

LONGEST = 60  # letters that a title or a legend has room for


def figure_text(text: str) -> str:
    """Return a text that a figure shows as it is.

    Otherwise dollars enclose mathematics, and a legend omits what begins with an underscore.
    """
    shown = printable(text, longest=LONGEST).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown
