"""Types of single options: devices, axes, bands, no-data values and thresholds."""

import math
import re
from dataclasses import dataclass

from options.ranges import Type, to_float, to_text


def to_device_ids(value: object) -> tuple[int, ...]:
    """Convert ids of CUDA devices with commas between, or -1 for the CPU."""
    text = value.strip() if isinstance(value, str) else ",".join(map(str, as_tuple(value)))
    if text == "-1":
        return (-1,)
    if not re.fullmatch(r"\d{1,9}(\s*,\s*\d{1,9})*", text):
        raise ValueError
    return tuple(map(int, text.split(",")))


def as_tuple(value: object) -> tuple[object, ...]:
    """Return the elements of a list or tuple, or a tuple of the value itself."""
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


DEVICE_IDS = Type(
    "one or more device ids, as in 0 or 0,1 (-1: CPU)",
    to_device_ids,
    annotation=tuple[int, ...],
    accepted=("0", "0,1", " 2 , 3", "-1", (0, 1), 0, -1),
    refused=("", "gpu", "0,-1", "0,", (-1, 0), "1" * 10, None),
    metavar="IDS",
)


def to_axis_order(value: object) -> str:
    """Convert an order of the letters h, w and b to lower case."""
    order = to_text(value).lower()
    if sorted(order) != ["b", "h", "w"]:
        raise ValueError
    return order


AXIS_ORDER = Type(
    "an order of h (height), w (width), b (bands), as in hwb",
    to_axis_order,
    annotation=str,
    accepted=("hwb", "BHW"),
    refused=("", "hhw", "hw", 3, None),
    metavar="ORDER",
)


def to_band_selection(value: object) -> str:
    """Remove the spaces of numbers and ranges of bands with commas between."""
    parts = re.sub(r"\s", "", to_text(value)).split(",")
    if not all(re.fullmatch(r"\d{1,9}|\d{1,9}-(\d{1,9})?|-\d{1,9}", part) for part in parts):
        raise ValueError
    return ",".join(parts)


BAND_SELECTION = Type(
    "a selection of bands, as in 10-50,60-",
    to_band_selection,
    annotation=str,
    accepted=("10-50,60-", "3", "-9, 12-"),
    refused=("", "x", "1;2", "1-2-3", "1" * 10, 3, None),
    metavar="RANGES",
)


def to_finite_number(value: object) -> float:
    """Convert a number of any sign; NaN and infinite values mark no-data pixels in any case."""
    number = to_float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


FILL_VALUE = Type(
    "a finite number",
    to_finite_number,
    annotation=float,
    accepted=("-1e38", -1, 0.5, "0"),
    refused=("", "none", math.nan, "inf", True, None),
    metavar="X",
)

EXPECTED = (
    "a score from 0 to 1, as in 0.4 or value=0.4, a quantile between 0 and 1, as in quantile=0.99, "
    "or a false alarm rate between 0 and 1, as in pf=0.001"
)


@dataclass(frozen=True)
class Threshold:
    """The least score of an anomaly, given by `kind` and `value`.

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
        """Return the text on the command line."""
        return f"{self.kind}={self.value!r}"


def to_threshold(value: object) -> Threshold:
    """Convert a kind and its number, as in `pf=0.001`, or a score alone."""
    if isinstance(value, Threshold):
        return value
    kind, equals, number = value.rpartition("=") if isinstance(value, str) else ("", "", value)
    return Threshold(kind.strip() if equals else "value", to_float(number))


THRESHOLD = Type(
    EXPECTED,
    to_threshold,
    annotation=Threshold,
    accepted=("pf=0.001", "pf = 1e-3", "quantile=0.99", "value=1", "0", 0.4),
    refused=(
        *("pf=0", "pf=1", "pf=nan", "pf=", "pf", "quantile=1", "quantile=-1", "value=1.1", ""),
        *("value=-0.1", "nan", "inf", "p=0.1", "=0.4", "pf=0.1=0.1", 2, None),
    ),
    metavar="X",
)


LONGEST_RUN_NAME = 100  # letters, which leaves room for the options of predictions


def to_run_name(value: object) -> str:
    """Return a name that a folder may have on every system."""
    name = to_text(value)
    # no ending, so that it is the name of no file of a prediction
    if len(name) > LONGEST_RUN_NAME or not re.fullmatch(r"\w([\w+-]|\.(?=\d))*", name):
        raise ValueError
    return name


RUN_NAME = Type(
    f"up to {LONGEST_RUN_NAME} letters, digits, and _ + - (a dot before a digit only)",
    to_run_name,
    annotation=str,
    accepted=("first", "nl2net_2.1-b", "x" * LONGEST_RUN_NAME),
    refused=("", "a/b", "a b", "..", ".a", "a.", "log.txt", "x" * (LONGEST_RUN_NAME + 1), 3, None),
    metavar="NAME",
)
