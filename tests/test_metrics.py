"""Detection maps and their AUC."""

import numpy as np
import pytest
from numpy.typing import NDArray

from utils.metrics import area_under_roc, detection_map


def test_the_map_is_the_mean_squared_residual_from_0_to_1() -> None:
    cube = np.zeros((1, 3, 2), np.float32)
    reconstruction = np.array([[[0, 1], [1, 1], [3, 1]]], np.float32)
    scores = detection_map(cube, reconstruction)  # residuals 0.5, 1, 5
    np.testing.assert_allclose(scores, [[0, 0.5 / 4.5, 1]], rtol=1e-6)
    assert scores.dtype == np.float32


def test_equal_residuals_give_zeros() -> None:
    cube = np.zeros((2, 2, 3), np.float32)
    assert np.array_equal(detection_map(cube, cube), np.zeros((2, 2)))


def test_auc_counts_ordered_pairs_and_ties_by_half() -> None:
    anomalous = np.array([[True, False, True], [False, False, True]])
    scores = np.array([[0.9, 0.1, 0.5], [0.5, 0.2, 0.1]], np.float32)
    pairs = [
        1.0 if high > low else 0.5 if high == low else 0.0
        for high in scores[anomalous]
        for low in scores[~anomalous]
    ]
    assert area_under_roc(anomalous, scores) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("truth", [np.ones((2, 2), bool), np.zeros((2, 2), bool)])
def test_one_class_has_no_auc(truth: NDArray[np.bool_]) -> None:
    assert area_under_roc(truth, np.zeros((2, 2), np.float32)) is None
