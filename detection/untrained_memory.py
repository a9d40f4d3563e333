"""The memory of methods without training that need many copies of a cube."""

from collections.abc import Mapping
from typing import Any

from model.imports import import_named
from model.methods import METHODS
from model.scores import SCORING
from utils.errors import InputError
from utils.free_memory import available_memory
from utils.text import shape_text

MARGIN = 1.1  # for what the estimates leave out
GIBIBYTE = 2**30


def check_untrained_memory(
    method: str, shape: tuple[int, int, int], options: Mapping[str, Any]
) -> None:
    """Raise InputError where a method without training does not fit a cube (H, W, B)."""
    record, available = METHODS[method], available_memory()
    if record.memory is None or available is None:
        return
    own = {option: value for option, value in options.items() if option not in SCORING}
    needed = int(MARGIN * import_named(record.memory)(shape, **own))
    if needed > available:
        raise InputError(
            f"--method {method} on {shape_text(shape)} needs about {needed / GIBIBYTE:.1f} GiB of "
            f"memory, but only {available / GIBIBYTE:.1f} GiB are available: a smaller part of the "
            f"scene, or fewer --bands, need less"
        )
