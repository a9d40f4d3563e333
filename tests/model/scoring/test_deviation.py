"""Deviation of residuals along their principal axes."""

import pytest
import torch
from torch import Tensor

from model.scoring.residuals import WINDOW, deviation, principal_axes


def noise(seed: int = 0, bands: int = 6, height: int = 24, width: int = 20) -> Tensor:
    """Return residuals of bands that differ in magnitude, (1, B, H, W)."""
    values = torch.randn(1, bands, height, width, generator=torch.Generator().manual_seed(seed))
    return values * torch.linspace(0.2, 2, bands)[:, None, None]


def rotation(bands: int) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.linalg.qr(torch.randn(bands, bands, generator=generator))[0]


def test_the_axes_are_orthonormal_and_the_largest_comes_first() -> None:
    parts = [noise(1), noise(2)]
    axes = principal_axes(parts)
    torch.testing.assert_close(axes.T @ axes, torch.eye(6), atol=1e-6, rtol=0)
    rotated = torch.cat(
        [torch.einsum("bhw,bk->khw", part[0], axes).flatten(1) for part in parts], 1
    )
    moments = rotated @ rotated.T
    sizes = moments.diag()
    assert (sizes.diff() <= 0).all() and sizes[0] > 10 * sizes[-1]
    torch.testing.assert_close(moments, sizes.diag(), atol=1e-3 * float(sizes[0]), rtol=0)


def test_a_rotation_of_the_bands_does_not_matter() -> None:
    rotated = torch.einsum("nbhw,bc->nchw", noise(), rotation(6))
    torch.testing.assert_close(deviation([rotated]), deviation([noise()]), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_scale_of_residuals_does_not_matter(scale: float) -> None:
    torch.testing.assert_close(deviation([scale * noise()]), deviation([noise()]))


@pytest.mark.parametrize("bands", [1, 6, 40])
def test_the_deviating_pixel_scores_highest(bands: int) -> None:
    residual = noise(bands=bands)
    residual[0, :, 9, 13] += 4
    scores = deviation([residual])
    assert scores.shape == (24, 20)
    assert divmod(int(scores.argmax()), 20) == (9, 13)


def test_a_bias_common_to_neighbours_is_subtracted() -> None:
    """A bias of half of the image, larger than the deviation of the pixel."""
    residual = 0.1 * noise()
    residual[..., 10:] += 20
    residual[0, 2, 12, 4] += 3
    scores = deviation([residual])
    assert divmod(int(scores.argmax()), 20) == (12, 4)
    halves = scores[:, :4].median(), scores[:, 16:].median()
    assert float(halves[0]) == pytest.approx(float(halves[1]), rel=0.3)
    magnitudes = residual[0].abs().mean(dim=0)  # without subtraction, the other half scores highest
    assert magnitudes.argmax() % 20 >= 10


def test_objects_larger_than_the_window_are_background() -> None:
    residual = 0.1 * noise(height=60, width=60)
    large, small = slice(5, 5 + 2 * WINDOW), slice(40, 44)
    residual[0, 3, large, large] += 5
    residual[0, 3, small, small] += 5
    scores = deviation([residual])
    centre = 5 + WINDOW
    assert scores[42, 42] > 3 * scores[centre, centre]


def test_scores_of_one_residual_have_mean_1_and_several_add_up() -> None:
    one, other = noise(1), noise(2)
    assert deviation([one]).mean() == pytest.approx(1, rel=1e-5)
    both = deviation([one, 100 * other])
    assert both.mean() == pytest.approx(2, rel=1e-5)
    torch.testing.assert_close(deviation([one, one]), 2 * deviation([one]))
    torch.testing.assert_close(deviation([one, other]), deviation([other, one]))


def test_residuals_are_not_changed() -> None:
    residual = noise()
    deviation([residual])
    assert torch.equal(residual, noise())


def test_a_residual_of_0_scores_0_and_does_not_affect_others() -> None:
    nothing = torch.zeros(1, 6, 24, 20)
    assert torch.equal(deviation([nothing]), torch.zeros(24, 20))
    torch.testing.assert_close(deviation([noise(), nothing]), deviation([noise()]))
