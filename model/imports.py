"""Import what a record names."""

from importlib import import_module
from typing import Any


def import_named(dotted: str) -> Any:
    """Import what a dotted name, "module:name", stands for."""
    module, _, name = dotted.partition(":")
    return getattr(import_module(module), name)
