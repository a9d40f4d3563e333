"""Agreement of maps: rank correlation, differences of ranks, overlap of masks."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from detection.compare.agreement import jaccard, overlaps, rank_correlations, rank_shares

NAN = np.nan


def test_ranks_run_from_0_to_1_and_leave_out_no_data_pixels() -> None:
    scores = np.array([[0.5, NAN, 0.1], [0.5, 2.0, 0.2]], dtype=np.float32)
    expected = [[0.625, NAN, 0], [0.625, 1, 0.25]]
    np.testing.assert_allclose(rank_shares(scores), expected)
    assert rank_shares(np.array([[3.0]], dtype=np.float32)).tolist() == [[0]]


def test_rank_correlation_is_spearmans_over_pixels_that_both_have() -> None:
    generator = np.random.default_rng(0)
    one, other = generator.normal(size=(2, 9, 7)).astype(np.float32)
    other[:2] = one[:2]
    one[6:] = 0  # ties, so that the ranks of the two spread differently
    one[3, 3] = other[5, 5] = NAN
    both = ~np.isnan(one) & ~np.isnan(other)
    found = rank_correlations([one, other, np.exp(one)])
    assert found[0, 1] == found[1, 0] == pytest.approx(spearmanr(one[both], other[both])[0])
    assert found[0, 2] == pytest.approx(1)  # a monotonic function keeps the ranks
    assert found.diagonal() == pytest.approx([1, 1, 1])


def test_a_constant_map_correlates_with_nothing() -> None:
    flat, other = np.ones((2, 3), np.float32), np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.isnan(rank_correlations([flat, other])).tolist() == [[True, True], [True, False]]


def test_overlap_is_shared_pixels_over_all_detected() -> None:
    one = np.array([[1, 1, 1, 0]], dtype=bool)
    other = np.array([[0, 1, 1, 1]], dtype=bool)
    assert jaccard(one, other) == 0.5
    assert np.isnan(jaccard(~one & one, ~one & one))
    assert overlaps([one, ~one]).tolist() == [[1, 0], [0, 1]]
