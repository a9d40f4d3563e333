"""Numbers in ENVI headers, one or a list with one for each band."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.named_wavelengths import common
from data.metadata import UNITS
from utils.text import counted, printable

NUMBER = re.compile(
    r"""["']?([+-]?(?:\d+\.?\d*|\.\d+)(?:[ed][+-]?\d+)?|nan|[+-]?inf)\s*([a-zµμ]*)["']?""",
    re.IGNORECASE,
)
DECIMAL_COMMA = re.compile(r"([+-]?\d+),(\d+)")
SHOWN = 30  # letters of a value in a message


def as_text(value: Any, *, braces: bool = False) -> str:
    """Format an entry of a header as text, a list with or without braces."""
    if not isinstance(value, list):
        return str(value)
    listed = ", ".join(map(str, value))
    return f"{{{listed}}}" if braces else listed


def split_numbers(text: str, count: int) -> tuple[NDArray[np.float64], str | None] | None:
    """Parse a list of so many numbers (B,), and their common unit if they have one.

    The separators are those that give as many numbers as there are bands: commas, semicolons,
    white space, or any of them, with commas also as decimal signs. None where none does.
    """
    for elements in splittings(text.strip(" \t\n,;{}[]()")):
        if len(elements) != count:
            continue
        parsed = [NUMBER.fullmatch(element) for element in elements]
        units = {match[2].lower() for match in parsed if match}
        if None not in parsed and len(units) == 1 and units <= {"", *UNITS}:
            values = [float(re.sub("[dD]", "e", match[1])) for match in parsed if match]
            return np.array(values), common(units) or None
    return None


def splittings(text: str) -> Iterator[list[str]]:
    """Yield the ways to split a list into its elements, the most literal first."""
    line = " ".join(text.split())
    yield re.split(r" ?, ?", line)
    for separator in (r" ?; ?", r"[,;]? "):
        elements = re.split(separator, line)
        yield [DECIMAL_COMMA.sub(r"\1.\2", element) for element in elements]
    yield re.split(r"[ ,;|]+", line)


def describe_problem(text: str, count: int) -> str:
    """Describe why a text is no list of so many numbers."""
    elements: Sequence[str] = re.split(r"[\s,;]+", text.strip(" \t\n,;{}[]()"))
    for element in elements:
        if not NUMBER.fullmatch(element):
            return f"'{printable(element[:SHOWN])}' in it is not understood"
    if len(elements) == count:
        return "a value is not finite, or their units differ"
    return f"it has {counted(len(elements), 'number')} for {counted(count, 'band')}"


def single_number(text: str) -> float | None:
    """Parse one number, or several that are all the same; None for anything else."""
    elements = re.split(r"[\s,;]+", text.strip(" \t\n,;{}[]()"))
    try:
        values = {float(element) for element in elements}
    except ValueError:
        return None
    if len(values) > 1 and all(map(math.isnan, values)):
        return math.nan
    return values.pop() if len(values) == 1 else None
