"""Steps that detectors share: band scaling, principal components, proximal operators."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from model.detectors.algebra.proximal import shrink_pixels, soft, svt
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.principal import principal_components
from tests.model.detectors.reference import with_no_data

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("factor", [1e-6, 1, 1e6])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_band_is_scaled_by_its_own_extremes(dtype: torch.dtype, factor: float) -> None:
    cube = torch.from_numpy(RANDOM.normal(size=(6, 7, 4))).to(dtype) * factor
    cube[..., 2] = 3 * factor
    scaled = scale_bands(cube)
    assert scaled.dtype == torch.float64 and scaled.shape == cube.shape
    assert scaled.flatten(0, 1).amin(dim=0).tolist() == [0, 0, 0, 0]
    assert scaled.flatten(0, 1).amax(dim=0).tolist() == [1, 1, 0, 1]
    row, column = divmod(int(cube[..., 0].argmax()), 7)
    assert scaled[row, column, 0] == 1


def test_no_data_pixels_stay_and_scale_nothing() -> None:
    values = RANDOM.normal(size=(8, 9, 3))
    values[0, 0] = 100
    cube, valid = with_no_data(values)
    scaled = scale_bands(torch.from_numpy(cube)).numpy()
    assert np.array_equal(np.isnan(scaled).all(axis=2), ~valid)
    alone = scale_bands(torch.from_numpy(values[valid][:, None])).numpy()[:, 0]
    np.testing.assert_array_equal(scaled[valid], alone)
    with pytest.raises(ValueError, match="no valid pixel"):
        scale_bands(torch.full((2, 3, 4), torch.nan))


@pytest.mark.parametrize("shape", [(5, 40), (40, 5), (6, 6), (1, 7)])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.5])
def test_svt_lowers_the_singular_values(shape: tuple[int, int], share: float) -> None:
    matrix = torch.from_numpy(RANDOM.normal(size=shape))
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    threshold = share * float(values[0])
    expected = left @ torch.diag((values - threshold).clamp(min=0)) @ right
    torch.testing.assert_close(svt(matrix, threshold), expected, rtol=0, atol=1e-12)


def test_svt_of_a_deficient_matrix_is_finite() -> None:
    column = torch.from_numpy(RANDOM.normal(size=(4, 1)))
    torch.testing.assert_close(svt(column.repeat(1, 9), 0.0), column.repeat(1, 9))
    assert not svt(torch.zeros(4, 9, dtype=torch.float64), 0.0).any()


@given(st.lists(st.floats(-100, 100), min_size=1), st.floats(0, 50))
def test_soft_moves_values_towards_zero(values: list[float], threshold: float) -> None:
    moved = soft(torch.tensor(values, dtype=torch.float64), threshold).tolist()
    for before, after in zip(values, moved, strict=True):
        expected = (
            0.0 if abs(before) <= threshold else before - threshold * (1 if before > 0 else -1)
        )
        assert after == pytest.approx(expected, abs=1e-12)


def test_shrinking_shortens_columns_and_keeps_their_direction() -> None:
    matrix = torch.tensor([[3.0, 0.3, 0.0], [4.0, 0.4, 0.0]], dtype=torch.float64)
    shorter = torch.tensor([[2.4, 0.0, 0.0], [3.2, 0.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(shrink_pixels(matrix, 1.0), shorter)
    assert torch.equal(shrink_pixels(matrix, 0.0), matrix)


def test_components_are_those_of_scikit_learn_with_signs() -> None:
    cube = RANDOM.normal(size=(9, 8, 5)) * [1, 5, 2, 9, 3] + 7
    components = principal_components(torch.from_numpy(cube), 3).numpy()
    model = PCA(3).fit(cube.reshape(-1, 5))
    signs = np.sign([axis[np.abs(axis).argmax()] for axis in model.components_])
    expected = model.transform(cube.reshape(-1, 5)) * signs
    np.testing.assert_allclose(components.reshape(-1, 3), expected, rtol=1e-9, atol=1e-12)


def test_components_do_not_see_no_data_pixels() -> None:
    values = RANDOM.normal(size=(8, 9, 4))
    cube, valid = with_no_data(values)
    components = principal_components(torch.from_numpy(cube), 2).numpy()
    assert np.array_equal(np.isnan(components).all(axis=2), ~valid)
    alone = principal_components(torch.from_numpy(values[valid][:, None]), 2).numpy()[:, 0]
    np.testing.assert_allclose(components[valid], alone, rtol=1e-12)


def test_components_of_rounding_are_zero() -> None:
    shares = RANDOM.uniform(size=(6, 7, 2))
    cube = torch.from_numpy(shares @ RANDOM.uniform(size=(2, 5)))
    components = principal_components(cube, 4)
    assert components[..., :2].abs().amax() > 0.1
    assert not components[..., 2:].any()
    constant = torch.full((13, 7, 3), 0.1, dtype=torch.float64)
    assert not principal_components(constant, 2).any()


def test_more_components_than_bands_are_refused() -> None:
    with pytest.raises(ValueError, match="components 6, but the scene's number of bands is 5"):
        principal_components(torch.rand(4, 4, 5), 6)
    with pytest.raises(ValueError, match="too few valid pixels, 1: 2 or more"):
        principal_components(torch.rand(1, 1, 5), 2)
