"""Types of options: every value from text, TOML and Python, and every refusal in one line."""

import math
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from options.ranges import PATH, TRUE_OR_FALSE, Type, number, whole_number, words_of
from options.types import AXIS_ORDER, BAND_SELECTION, DEVICE_IDS, FILL_VALUE, THRESHOLD, Threshold

SEED = whole_number(at_least=0, at_most=2**32 - 1)
EPOCHS = whole_number(at_least=1, word="auto")
RATE = number(at_most=1e30)
RIDGE = number(above=1e-14, at_most=1e6)
BLOCKS = words_of("na", "ss")


@pytest.mark.parametrize(
    ("type_", "given_value", "value"),
    [
        (SEED, "7", 7),
        (SEED, np.int64(7), 7),
        (EPOCHS, "AUTO", "auto"),
        (RATE, 1, 1.0),
        (RATE, "1e-3", 1e-3),
        (RATE, np.float32(0.5), 0.5),
        (BLOCKS, "na, ss", ("na", "ss")),
        (BLOCKS, ["na", "ss"], ("na", "ss")),
        (TRUE_OR_FALSE, "No", False),
        (TRUE_OR_FALSE, True, True),
        (PATH, "a/b", Path("a/b")),
        (DEVICE_IDS, " 2 , 3", (2, 3)),
        (DEVICE_IDS, -1, (-1,)),
        (AXIS_ORDER, "BHW", "bhw"),
        (BAND_SELECTION, "1 - 3, 7-", "1-3,7-"),
        (FILL_VALUE, "-1e38", -1e38),
        (THRESHOLD, "pf = 1e-3", Threshold("pf", 0.001)),
        (THRESHOLD, "quantile=0.99", Threshold("quantile", 0.99)),
        (THRESHOLD, "value=1", Threshold("value", 1)),
        (THRESHOLD, "0.4", Threshold("value", 0.4)),
        (THRESHOLD, 0.4, Threshold("value", 0.4)),
        (THRESHOLD, "0", Threshold("value", 0)),
    ],
)
def test_a_value_is_converted_and_stays_itself(
    type_: Type, given_value: object, value: object
) -> None:
    converted = type_(given_value)
    assert converted == value and type(converted) is type(value)
    assert type_(converted) == value


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        (SEED, 2**32, "4294967296 is not a whole number from 0 to 4,294,967,295"),
        (SEED, 2.0, "'2.0' is not a whole number from 0 to 4,294,967,295"),
        (EPOCHS, "many", "'many' is not a whole number from 1 to 1,000,000,000, or auto"),
        (RATE, -0.5, "'-0.5' is not a number from 0 to 1e+30"),
        (RATE, math.nan, "'nan' is not a number from 0 to 1e+30"),
        (RIDGE, 1e-14, "'1e-14' is not a number above 1e-14 and up to 1e+06"),
        (BLOCKS, ["na", "sa"], "'sa' is not one of na, ss"),
        (BLOCKS, [], "'' is not one of na, ss"),
        (TRUE_OR_FALSE, "maybe", "'maybe' is neither true nor false"),
        (DEVICE_IDS, "0,-1", "'0,-1' is not one or more device ids, as in 0 or 0,1 (-1: CPU)"),
    ],
)
def test_a_refusal_names_value_and_range(type_: Type, value: object, message: str) -> None:
    with pytest.raises(ArgumentTypeError) as error:
        type_(value)
    assert str(error.value) == message


@given(st.floats(0, 1e30))
def test_numbers_are_the_same_as_text_and_as_numbers(value: float) -> None:
    assert RATE(value) == RATE(str(value)) == value


@given(st.sampled_from(["pf", "quantile"]), st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_thresholds_as_they_are_written_are_read_again(kind: str, value: float) -> None:
    threshold = Threshold(kind, value)
    assert THRESHOLD(str(threshold)) == THRESHOLD(threshold) == threshold


def test_types_say_what_they_refuse() -> None:
    with pytest.raises(ArgumentTypeError, match="^'pf=2' is not a score from 0 to 1, as in"):
        THRESHOLD("pf=2")
    with pytest.raises(ValueError, match="is not a score"):
        Threshold("share", 0.5)
    wrong: Any = None
    with pytest.raises(ArgumentTypeError, match="'None' is not a path"):
        PATH(wrong)
