"""Format text for a terminal: one line, shapes, numbers."""

from typing import Any


def printable(text: str) -> str:
    """Return a text in one line, control characters replaced by a mark."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def shape_text(shape: tuple[int, ...]) -> str:
    """Format a shape, as in 100×100×200."""
    return "×".join(map(str, shape))


def number_text(value: Any) -> str:
    """Format a number in the fewest digits that identify it."""
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(value)
