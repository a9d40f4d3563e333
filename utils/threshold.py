"""What makes a pixel an anomaly: a score, a quantile of the scores, or a false alarm rate.

Imports no NumPy, so that the command line can check its arguments in no time.
"""

from argparse import ArgumentTypeError
from dataclasses import dataclass

EXPECTED = (
    "a score from 0 to 1, as in 0.4 or value=0.4, a quantile between 0 and 1, as in quantile=0.99, "
    "or a false alarm rate between 0 and 1, as in pf=0.001"
)


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
