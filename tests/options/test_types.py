"""Thresholds as they are typed."""

from argparse import ArgumentTypeError

import pytest

from options.types import THRESHOLD, Threshold

REFUSED = ["pf=0", "pf=1", "pf=nan", "pf=", "pf", "quantile=1", "quantile=-1", "value=1.1"]
REFUSED += ["value=-0.1", "nan", "inf", "p=0.1", "=0.4", "pf=0.1=0.1", ""]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("pf=0.001", "pf", 0.001),
        ("pf = 1e-3", "pf", 0.001),
        ("quantile=0.99", "quantile", 0.99),
        ("value=1", "value", 1),
        ("0.4", "value", 0.4),
        ("0", "value", 0),
    ],
)
def test_a_text_is_read_and_written(text: str, kind: str, value: float) -> None:
    threshold = THRESHOLD(text)
    assert threshold == Threshold(kind, value)
    assert THRESHOLD(str(threshold)) == threshold


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_threshold_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ArgumentTypeError) as error:
        THRESHOLD(text)
    assert str(error.value).startswith(f"'{text}' is not a score") and "\n" not in str(error.value)
