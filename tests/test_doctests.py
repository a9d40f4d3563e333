"""The examples in docstrings."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("options", "data", "model", "detection", "training", "experiments", "utils")
# what begins an example; modules without any need not be imported
WITH_EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (
        *ROOT.glob("*.py"),
        *(one for room in ROOMS for one in (ROOT / room).rglob("*.py")),
    )
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("module", sorted(WITH_EXAMPLES))
def test_examples_are_right(module: str) -> None:
    failed, tried = doctest.testmod(import_module(module))
    assert tried and not failed
