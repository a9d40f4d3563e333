"""Types of command line arguments: text to value, or an error that says what was expected."""

import math
import re
from argparse import ArgumentTypeError
from collections.abc import Callable


def whole_number(*, at_least: int, at_most: int | None = None) -> Callable[[str], int]:
    """The type of a whole number in a range."""
    expected = f"a whole number of at least {at_least}"
    if at_most is not None:
        expected = f"a whole number from {at_least} to {at_most}"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ArgumentTypeError(f"'{text}' is not {expected}") from None
        if value < at_least or (at_most is not None and value > at_most):
            raise ArgumentTypeError(f"{value} is not {expected}")
        return value

    return parse


def rate(text: str) -> float:
    """A finite number of at least 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise ArgumentTypeError(f"'{text}' is not a number of at least 0")
    return value


def positive_number(text: str) -> float:
    """A finite number above 0."""
    value = rate(text)
    if value == 0:
        raise ArgumentTypeError(f"'{text}' is not a number above 0")
    return value


def device_ids(text: str) -> tuple[int, ...]:
    """Ids of CUDA devices with commas between, or -1 for the CPU."""
    if text.strip() == "-1":
        return (-1,)
    if not re.fullmatch(r"\d+(,\d+)*", text):
        raise ArgumentTypeError(f"'{text}' is not one or more device ids, as in 0 or 0,1 (-1: CPU)")
    return tuple(map(int, text.split(",")))


def words_of(*known: str) -> Callable[[str], list[str]]:
    """The type of one or more known words with commas or spaces between."""

    def parse(text: str) -> list[str]:
        words = re.split(r"[,\s]+", text.strip(", "))
        for word in words:
            if word not in known:
                raise ArgumentTypeError(f"'{word}' is not one of {', '.join(known)}")
        return words

    return parse
