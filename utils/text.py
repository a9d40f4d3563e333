"""Text that a terminal can show: one line, shapes, numbers."""

from typing import Any


def printable(text: str) -> str:
    """A text in one line, with a mark in place of what a terminal would obey and not show."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape in words."""
    return "×".join(map(str, shape))


def number_text(value: Any) -> str:
    """A number in as few digits as tell it from all others of its type."""
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(value)
