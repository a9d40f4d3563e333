"""The memory of methods without training that need many copies of a cube."""

import math
from collections.abc import Mapping
from typing import Any

from model.imports import import_named
from model.methods import METHODS
from model.scores import SCORING
from utils.errors import InputError
from utils.text import shape_text

MARGIN = 1.1  # for what the estimates leave out
GIBIBYTE = 2**30
DOUBLE = 8  # bytes of a value in float64


def check_untrained_memory(
    method: str,
    shape: tuple[int, int, int],
    options: Mapping[str, Any],
    *,
    available: int | None,
) -> None:
    """Raise InputError where a method without training does not fit a cube (H, W, B).

    `available` are the bytes of the device that it computes on, None where they are unknown.
    """
    needed = int(MARGIN * memory_needed(method, shape, options))
    if available is not None and needed > available:
        raise InputError(
            f"--method {method} on {shape_text(shape)} needs about {needed / GIBIBYTE:.1f} GiB of "
            f"memory, but only {available / GIBIBYTE:.1f} GiB are available: a smaller part of the "
            f"scene, or fewer --bands, need less"
        )


def memory_needed(method: str, shape: tuple[int, int, int], options: Mapping[str, Any]) -> int:
    """Estimate the additional bytes of a method without training for a cube (H, W, B).

    0 for one that works through the cube in parts.
    """
    record = METHODS[method]
    if record.memory is None:
        return record.copies * DOUBLE * math.prod(shape)
    own = {option: value for option, value in options.items() if option not in SCORING}
    return int(import_named(record.memory)(shape, **own))
