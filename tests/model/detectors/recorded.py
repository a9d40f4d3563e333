"""Recorded runs of the authors' programs of detectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.baselines import read_baseline


def recorded(name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read a run's options and arrays by its name; skip the test where it is not there."""
    run = read_baseline(name)
    return run.config, run.arrays


def close_to_largest(actual: NDArray[Any], expected: NDArray[Any], tolerance: float) -> None:
    """Compare arrays; they may differ by this share of the largest recorded magnitude."""
    atol = tolerance * np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)
