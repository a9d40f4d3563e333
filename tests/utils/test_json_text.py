"""JSON: its values, and the text of files."""

import json
from pathlib import Path

import numpy as np

from options.types import Threshold
from utils.json_text import json_text, json_value


def test_values_are_those_that_json_has() -> None:
    values = {
        "a": (1, 2.5, True, None, "é"),
        "b": [np.float32(0.5), np.int64(3), 10**400, float("nan"), np.float64("inf")],
        "c": {"path": Path("x/y"), "threshold": Threshold("pf", 0.01)},
    }
    expected = {
        "a": [1, 2.5, True, None, "é"],
        "b": [0.5, 3, 10**400, None, None],
        "c": {"path": "x/y", "threshold": "pf=0.01"},
    }
    assert json_value(values) == expected and json.loads(json_text(values)) == expected
    assert json_text({"é": 1}) == '{\n  "é": 1\n}\n'
