"""Recorded runs of the authors' programs of detectors: here the small ones, others as shared."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import SHARED

FOLDER = Path(__file__).parents[2] / "parity" / "baselines"


def recorded(name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read a run's options and arrays by its name; skip the test where it is not shared."""
    path = FOLDER / f"{name}.npz"
    if not path.is_file():
        path = SHARED / "parity" / "baselines" / path.name
    if not path.is_file():
        pytest.skip(f"needs {path.name} in the shared folder")
    with np.load(path) as arrays:
        loaded = dict(arrays)
    return json.loads(str(loaded.pop("config"))), loaded


def close_to_largest(actual: NDArray[Any], expected: NDArray[Any], tolerance: float) -> None:
    """Compare arrays; they may differ by this share of the largest recorded magnitude."""
    atol = tolerance * np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)
