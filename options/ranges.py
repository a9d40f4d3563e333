"""Ranges of options: values from text, TOML or Python, or an error that states the range."""

import math
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from utils.text import did_you_mean


@dataclass(frozen=True, eq=False)
class Type:
    """The values of an option, and the sentence about them.

    `convert` takes text of the command line or a value of TOML or Python and raises ValueError
    for anything that is not `expected`. `annotation` is the class of the values. `accepted` and
    `refused` are examples, at the ends of the range where there is one. `choices` are all values
    where those are few, `metavar` what stands for the value in the help.
    """

    expected: str
    convert: Callable[[Any], Any]
    annotation: Any
    accepted: tuple[object, ...]
    refused: tuple[object, ...]
    choices: tuple[str, ...] = ()
    metavar: str | None = None

    def __call__(self, value: object) -> Any:
        """Convert a text or a value; raise ArgumentTypeError where it is not expected."""
        try:
            return self.convert(value)
        except (TypeError, ValueError, OverflowError):
            raise ArgumentTypeError(f"'{value}' is not {self.expected}") from None


def whole_number(*, at_least: int, at_most: int = 10**9, word: str | None = None) -> Type:
    """Make the type of a whole number in a range, or of a word in place of it."""
    expected = f"a whole number from {at_least:,} to {at_most:,}" + (f", or {word}" if word else "")

    def convert(value: object) -> int | str:
        if word and isinstance(value, str) and value.lower() == word:
            return word
        number = to_integer(value)
        if not at_least <= number <= at_most:
            raise ArgumentTypeError(f"{number} is not {expected}")
        return number

    ends = (at_least, at_most, str(at_least))
    return Type(
        expected,
        convert,
        annotation=int | str if word else int,
        accepted=(*ends, word, word.upper()) if word else ends,
        refused=(at_least - 1, str(at_most + 1), at_least + 0.5, True, "", "many", None),
        metavar="N",
    )


def to_integer(value: Any) -> int:
    """Convert a text or a whole number to int; raise ValueError for any other value."""
    if isinstance(value, bool) or not isinstance(value, (str, Integral)):
        raise ValueError
    return int(value)


def number(*, above: float | None = None, at_most: float) -> Type:
    """Make the type of a number from 0, or from just above a bound, to another."""
    expected = f"a number from 0 to {at_most:g}"
    if above is not None:
        expected = f"a number above {above:g} and up to {at_most:g}"

    def convert(value: object) -> float:
        converted = to_float(value)
        if not (converted >= 0 if above is None else converted > above) or converted > at_most:
            raise ValueError
        return converted

    return Type(
        expected,
        convert,
        annotation=float,
        accepted=(at_most, str(at_most), 1, *([0] if above is None else [])),
        refused=(-1, at_most * 1.1, math.nan, "inf", "", True, None, *([above] if above else [])),
        metavar="X",
    )


def to_float(value: Any) -> float:
    """Convert a text or a real number to float; raise ValueError for any other value."""
    if isinstance(value, bool) or not isinstance(value, (str, Real)):
        raise ValueError
    return float(value)


def choice(*choices: str) -> Type:
    """Make the type of one of a few words, in letters of any case."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or value.lower() not in choices:
            known = ", ".join(map(repr, choices))
            hint = did_you_mean(str(value), choices, before=", ")
            raise ArgumentTypeError(f"invalid choice: {value!r}{hint} (choose from {known})")
        return value.lower()

    return Type(
        f"one of {', '.join(choices)}",
        convert,
        annotation=str,
        accepted=(*choices, choices[0].upper()),
        refused=("", "other", 1, None),
        choices=choices,
    )


def words_of(*known: str) -> Type:
    """Make the type of one or more known words: a list, or text with commas or spaces between."""

    def convert(value: Any) -> tuple[str, ...]:
        words = re.split(r"[,\s]+", value.strip(", ")) if isinstance(value, str) else [*value]
        for word in words or [""]:
            if word not in known:
                hint = did_you_mean(str(word), known, before="; ")
                raise ArgumentTypeError(f"'{word}' is not one of {', '.join(known)}{hint}")
        return tuple(words)

    return Type(
        f"one or more of {', '.join(known)}",
        convert,
        annotation=str | tuple[str, ...],
        accepted=(known[0], ",".join(known), " ".join(known), [*known], known),
        refused=("", "other", [known[0], "other"], [], [1], 1, None),
        metavar="WORD",
    )


def to_bool(value: object) -> bool:
    """Convert true, yes or 1, or their opposites, to bool; raise ValueError for anything else."""
    values = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if str(value).lower() not in values:
        raise ArgumentTypeError(f"'{value}' is neither true nor false")
    return values[str(value).lower()]


POSITIVE = whole_number(at_least=1)
COUNT = whole_number(at_least=0)
RATE = number(at_most=1e30)

TRUE_OR_FALSE = Type(
    "true or false",
    to_bool,
    annotation=bool,
    accepted=(True, False, "true", "No", "1", 0),
    refused=("", "maybe", 2, None),
    metavar="true",
)


def to_text(value: object) -> str:
    """Return a text as it is; raise ValueError for an empty one, and for any other value."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


TEXT = Type(
    "a name",
    to_text,
    annotation=str,
    accepted=("a", "a b"),
    refused=("", " ", 1, None),
    metavar="NAME",
)


def to_path(value: Any) -> Path:
    """Convert a text or a path to Path; raise TypeError for any other value."""
    return Path(value)


PATH = Type(
    "a path",
    to_path,
    annotation=Path,
    accepted=("a/b", Path("a")),
    refused=(1, None),
    metavar="DIR",
)
