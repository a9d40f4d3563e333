"""Types of command line arguments: text to value, or an error that says what was expected."""

import math
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass

EXPECTED = (
    "a score from 0 to 1, as in 0.4 or value=0.4, a quantile between 0 and 1, as in quantile=0.99, "
    "or a false alarm rate between 0 and 1, as in pf=0.001"
)


def whole_number(*, at_least: int, at_most: int = 10**9) -> Callable[[str], int]:
    """The type of a whole number in a range."""
    expected = f"a whole number from {at_least:,} to {at_most:,}"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ArgumentTypeError(f"'{text}' is not {expected}") from None
        if not at_least <= value <= at_most:
            raise ArgumentTypeError(f"{value} is not {expected}")
        return value

    return parse


def whole_number_or(word: str, *, at_least: int) -> Callable[[str], int | str]:
    """The type of a whole number from a bound on, or a word in place of it."""
    whole = whole_number(at_least=at_least)

    def parse(text: str) -> int | str:
        if text.lower() == word:
            return word
        try:
            return whole(text)
        except ArgumentTypeError as error:
            raise ArgumentTypeError(f"{error}, or {word}") from None

    return parse


def number(*, above: float | None = None, at_most: float) -> Callable[[str], float]:
    """The type of a number from 0, or from just above a bound, to another."""
    expected = f"a number from 0 to {at_most:g}"
    if above is not None:
        expected = f"a number above {above:g} and up to {at_most:g}"

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        least_fits = value >= 0 if above is None else value > above
        if not (least_fits and value <= at_most):
            raise ArgumentTypeError(f"'{text}' is not {expected}")
        return value

    return parse


def truth_value(text: str) -> bool:
    """Yes or no, in one of the words in use for it."""
    values = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in values:
        raise ArgumentTypeError(f"'{text}' is neither true nor false")
    return values[text.lower()]


def device_ids(text: str) -> tuple[int, ...]:
    """Ids of CUDA devices with commas between, or -1 for the CPU."""
    if text.strip() == "-1":
        return (-1,)
    if not re.fullmatch(r"\d+(\s*,\s*\d+)*", text.strip()):
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


def axis_order(text: str) -> str:
    """The order of a cube's axes: the letters h, w and b (height, width, bands)."""
    if sorted(text.lower()) != ["b", "h", "w"]:
        raise ArgumentTypeError(
            f"'{text}' is not an order of h (height), w (width), b (bands), as in hwb"
        )
    return text.lower()


def band_selection(text: str) -> str:
    """Numbers and ranges of bands with commas between."""
    parts = re.sub(r"\s", "", text).split(",")
    if not all(re.fullmatch(r"\d+|\d+-\d*|-\d+", part) for part in parts):
        raise ArgumentTypeError(f"'{text}' is not a selection of bands, as in 10-50,60-")
    return ",".join(parts)


def fill_value(text: str) -> float:
    """A number of any sign."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):  # NaN and infinite values are no data without being told
        raise ArgumentTypeError(f"'{text}' is not a finite number")
    return value


@dataclass(frozen=True)
class Threshold:
    """What makes a pixel an anomaly, by `kind`.

    `pf` is a false alarm rate and `quantile` one of the scores, both between 0 and 1; `value` is a
    score from 0 to 1. Raises ValueError for anything else.
    """

    kind: str
    value: float

    def __post_init__(self) -> None:
        rate = self.kind in ("pf", "quantile") and 0 < self.value < 1
        if not (rate or (self.kind == "value" and 0 <= self.value <= 1)):
            raise ValueError(f"'{self}' is not {EXPECTED}")

    def __str__(self) -> str:
        """The text on the command line."""
        return f"{self.kind}={self.value!r}"


def threshold_argument(text: str) -> Threshold:
    """The type of a threshold: a kind and its number, as in `pf=0.001`, or a score alone."""
    kind, equals, number = text.rpartition("=")
    try:
        return Threshold(kind.strip() if equals else "value", float(number))
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is not {EXPECTED}") from None
