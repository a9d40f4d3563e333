"""Properties of the methods that take a scene apart: RPCA-RX, PCA-TLRSR, PTA and LSMAD."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from model.detectors.lsmad import lsmad
from model.detectors.pca_tlrsr import pca_tlrsr
from model.detectors.pta import pta
from model.detectors.rpca_rx import rpca_rx
from tests.model.detectors.reference import with_no_data

Detector = Callable[[Tensor], Tensor]
DETECTORS: dict[str, Detector] = {
    "rpca_rx": partial(rpca_rx, sparsity=0),
    "pca_tlrsr": partial(pca_tlrsr, components=3, dictionary_sparsity=0.06, sparsity=0.01),
    "pta": partial(pta, rank=2, low_rank_weight=1, sparsity=0.3, smoothness=1, step=0.01),
    "lsmad": partial(lsmad, rank=2, sparse_share=0.01, seed=1),
}
EACH = pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS)
ANOMALY = (6, 4)


def scene() -> Tensor:
    """Two spectra in shares that change across the image, with noise, and another at a pixel."""
    generator = np.random.default_rng(0)
    spectra = generator.uniform(0.2, 1, (3, 5))
    share = 0.5 + 0.1 * np.add.outer(np.sin(np.arange(11)), np.cos(np.arange(8)))[..., np.newaxis]
    cube = share * spectra[0] + (1 - share) * spectra[1]
    cube[ANOMALY] = spectra[2]
    return torch.from_numpy(cube + 0.005 * generator.standard_normal(cube.shape))


@EACH
def test_an_anomaly_stands_out(detector: Detector) -> None:
    scores = detector(scene())
    assert scores.dtype == torch.float64 and scores.shape == (11, 8)
    assert divmod(int(scores.argmax()), 8) == ANOMALY


@EACH
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_scores_do_not_depend_on_the_unit(detector: Detector, factor: float) -> None:
    torch.testing.assert_close(detector(scene() * factor), detector(scene()), rtol=1e-5, atol=1e-9)


@EACH
def test_values_of_no_data_pixels_do_not_matter(detector: Detector) -> None:
    cube, valid = with_no_data(scene().numpy())
    scores = detector(torch.from_numpy(cube)).numpy()
    assert np.array_equal(np.isfinite(scores), valid)
    one_band = np.where(np.isnan(cube), 1e3, cube)
    one_band[..., 0][~valid] = np.nan
    np.testing.assert_array_equal(detector(torch.from_numpy(one_band)).numpy(), scores)


@EACH
def test_the_cube_is_left_as_it_was(detector: Detector) -> None:
    cube = scene()
    detector(cube)
    assert torch.equal(cube, scene())


def dead_bands(cube: Tensor) -> None:
    cube[..., 1:3] = 7


def repeated_bands(cube: Tensor) -> None:
    cube[..., 2:] = cube[..., :1]


def repeated_pixels(cube: Tensor) -> None:
    cube[:] = cube[:1, :1]
    cube[3, 3] += 1


def repeated_rows(cube: Tensor) -> None:
    cube[:] = cube[2]


def dead_columns(cube: Tensor) -> None:
    cube[:, :4] = 0


@EACH
@pytest.mark.parametrize(
    "spoil", [dead_bands, repeated_bands, repeated_pixels, repeated_rows, dead_columns]
)
def test_scores_of_degenerate_scenes_are_finite(
    detector: Detector, spoil: Callable[[Tensor], None]
) -> None:
    cube = scene()
    spoil(cube)
    scores = detector(cube)
    assert scores.isfinite().all() and scores.min() >= 0
    assert scores.max() < 1e6


@EACH
def test_scores_of_the_smallest_scenes_are_finite(detector: Detector) -> None:
    cube = scene()[4:9, 3:8, :3]
    assert detector(cube).isfinite().all()


@EACH
@pytest.mark.parametrize("value", [0.1, torch.nan])
def test_scenes_of_one_spectrum_or_none_are_refused(detector: Detector, value: float) -> None:
    with pytest.raises(ValueError, match="have the same spectrum|has no valid pixel"):
        detector(torch.full((7, 8, 5), value, dtype=torch.float64))


@pytest.mark.parametrize(
    "detector",
    [
        partial(rpca_rx, sparsity=1e-12),
        partial(rpca_rx, sparsity=1e4),
        partial(pca_tlrsr, components=1, dictionary_sparsity=0, sparsity=0),
        partial(pca_tlrsr, components=5, dictionary_sparsity=1e4, sparsity=1e4),
        partial(pta, rank=5, low_rank_weight=1e4, sparsity=1e4, smoothness=1e4, step=2e-8),
        partial(pta, rank=0, low_rank_weight=0, sparsity=0, smoothness=0, step=1e4),
        partial(lsmad, rank=5, sparse_share=0, seed=1),
        partial(lsmad, rank=1, sparse_share=1, seed=1),
    ],
)
def test_options_at_the_ends_of_their_ranges_have_finite_scores(detector: Detector) -> None:
    assert detector(scene()).isfinite().all()
