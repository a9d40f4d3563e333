"""Tables of text that fit a terminal."""

import shutil
from collections.abc import Container, Sequence
from itertools import zip_longest
from math import inf
from textwrap import wrap

BETWEEN = "  "  # columns
NONE = "–"  # in place of a value that there is not
NO_TERMINAL = 100  # letters of a line where output is no terminal


def terminal_width() -> int:
    """Return the width of the terminal in letters."""
    return shutil.get_terminal_size((NO_TERMINAL, 0)).columns


def text_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    width: float = inf,
    right: Container[int] = (),
) -> str:
    """Format rows under a header; cells of the widest columns are wrapped to fit the width.

    Words are not broken: where even they do not fit, lines are longer than `width`. `right` are the
    places of columns that end, and do not begin, at one place.
    """
    cells = [list(header), *map(list, rows)]
    widths = fitting_widths(cells, width=width)
    return "\n".join(line for row in cells for line in row_lines(row, widths, right=right))


def fitting_widths(cells: Sequence[Sequence[str]], *, width: float) -> list[int]:
    """Choose the widths of columns: those of their texts, the widest reduced until all fit."""
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    least = [
        max(len(word) for text in column for word in text.split() or [""]) for column in columns
    ]
    while sum(widths) + len(BETWEEN) * (len(widths) - 1) > width:
        reducible = [index for index in range(len(widths)) if widths[index] > least[index]]
        if not reducible:
            break
        widths[max(reducible, key=lambda index: widths[index])] -= 1
    return widths


def row_lines(row: Sequence[str], widths: Sequence[int], *, right: Container[int]) -> list[str]:
    """Format one row, whose cells may need several lines."""
    wrapped = [
        wrap(text, max(1, width), break_long_words=False, break_on_hyphens=False)
        for text, width in zip(row, widths, strict=True)
    ]
    lines = zip_longest(*wrapped, fillvalue="")
    adjust = [str.rjust if place in right else str.ljust for place in range(len(row))]
    return [
        BETWEEN.join(
            place(text, size) for place, text, size in zip(adjust, line, widths, strict=True)
        ).rstrip()
        for line in lines
    ]
