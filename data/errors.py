"""What is wrong with a scene, and how shapes and numbers are written when that is said."""

from typing import Any

from utils.errors import InputError


class SceneError(InputError):
    """A scene cannot be found, read or used."""


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape in words."""
    return "×".join(map(str, shape))


def number_text(value: Any) -> str:
    """A number in as few digits as tell it from all others of its type."""
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(value)
