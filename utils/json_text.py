"""JSON: the values that it has, and the text of files."""

import json
import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any


def json_value(value: Any) -> Any:
    """Convert a value to those of JSON: what is infinite or undefined is null.

    Paths, thresholds and whatever else is no number, list or mapping become text.
    """
    if isinstance(value, Mapping):
        return {str(key): json_value(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(one) for one in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Integral):  # NumPy's numbers are, too
        return int(value)
    if isinstance(value, Real):
        number = float(value)
        return number if math.isfinite(number) else None
    return str(value)


def json_text(value: Any) -> str:
    """Format a value as the text of a JSON file, with an indent of two."""
    return json.dumps(json_value(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
