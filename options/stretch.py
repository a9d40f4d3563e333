"""The type of the stretch of detection maps: the range of scores that the colours stand for."""

from dataclasses import dataclass

from options.ranges import Type, to_float
from utils.text import number_text

KINDS = ("linear", "percentile", "log")
SHARE = 0.1  # percent of the scores at either end, where none is given
EXPECTED = (
    "linear, log, or percentile, with a share above 0 and below 50 percent if need be, as in "
    "percentile=1"
)


@dataclass(frozen=True)
class Stretch:
    """The colours of a detection map, given by `kind`; scores stay as they are.

    `linear` has a colour for every score from the smallest to the largest, `percentile` between the
    percentiles `share` and 100 − `share`, `log` is logarithmic. Raises ValueError for anything
    else.
    """

    kind: str
    share: float = 0

    def __post_init__(self) -> None:
        allowed = 0 < self.share < 50 if self.kind == "percentile" else self.share == 0
        if self.kind not in KINDS or not allowed:
            raise ValueError(f"'{self}' is not {EXPECTED}")

    def __str__(self) -> str:
        """Return the text on the command line."""
        return f"{self.kind}={number_text(self.share)}" if self.share else self.kind


DEFAULT_STRETCH = Stretch("percentile", SHARE)


def to_stretch(value: object) -> Stretch:
    """Convert a kind, or `percentile` and its share, as in `percentile=1`."""
    if isinstance(value, Stretch):
        return value
    if not isinstance(value, str):
        raise ValueError
    kind, equals, share = (part.strip() for part in value.lower().partition("="))
    if equals:
        return Stretch(kind, to_float(share) if kind == "percentile" else -1)
    return DEFAULT_STRETCH if kind == "percentile" else Stretch(kind)


STRETCH = Type(
    EXPECTED,
    to_stretch,
    annotation=Stretch,
    accepted=("linear", "LOG", "percentile", "percentile=1", "percentile = 0.5", DEFAULT_STRETCH),
    refused=(
        *("percentile=0", "percentile=50", "percentile=", "percentile=nan", "linear=1", "log="),
        *("", "=1", "gamma", 1, None),
    ),
    metavar="KIND",
)
