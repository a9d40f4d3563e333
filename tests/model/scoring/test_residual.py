"""Mean squared residual per pixel."""

import pytest
import torch

from model.scoring.residuals import residual


@pytest.mark.parametrize("size", [(2, 3), (150, 2)])  # the second is processed in several chunks
def test_the_residual_is_the_mean_square_over_the_bands(size: tuple[int, int]) -> None:
    image, rebuilt = torch.rand(2, 1, 5, *size, dtype=torch.float64)
    scores = residual(image, rebuilt)
    assert scores.shape == size
    expected = ((image - rebuilt)[0].norm(dim=0) ** 2) / 5
    torch.testing.assert_close(scores, expected)


def test_no_data_pixels_have_no_residual() -> None:
    image, rebuilt = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    image[0, :, 1, 0] = torch.nan
    assert residual(image, rebuilt).isnan().tolist() == [[False, False], [True, False]]
