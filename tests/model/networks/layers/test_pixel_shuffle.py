"""Pixel-shuffle downsampling (PD) and its inverse (PU)."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from model.networks.layers.pixel_shuffle import pixel_shuffle_mosaic, pixel_unshuffle_mosaic

small = st.integers(1, 4)


@given(small, small, small, small)
def test_pu_undoes_pd(factor: int, rows: int, columns: int, channels: int) -> None:
    image = torch.randn(1, channels, rows * factor, columns * factor)
    mosaic = pixel_unshuffle_mosaic(image, factor)
    assert mosaic.shape == image.shape
    assert torch.equal(pixel_shuffle_mosaic(mosaic, factor), image)


def test_every_tile_is_a_subsampled_image() -> None:
    image = torch.arange(6 * 9.0).reshape(1, 1, 6, 9)
    mosaic = pixel_unshuffle_mosaic(image, 3)
    for i in range(3):
        for j in range(3):
            tile = mosaic[..., 2 * i : 2 * i + 2, 3 * j : 3 * j + 3]
            assert torch.equal(tile, image[..., i::3, j::3])


def test_factor_1_changes_nothing() -> None:
    image = torch.randn(1, 2, 5, 7)
    assert torch.equal(pixel_unshuffle_mosaic(image, 1), image)
