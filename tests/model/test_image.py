"""Images in memory and read in lazy."""

import torch

from model.image import LazyImage, as_lazy, load_all

IMAGE = torch.arange(2.0 * 5 * 7).reshape(1, 2, 5, 7)


def test_an_image_in_memory_is_read_in_windows() -> None:
    lazy = as_lazy(IMAGE)
    assert lazy.shape == IMAGE.shape
    assert torch.equal(lazy.read(slice(1, 4), slice(5, 9)), IMAGE[:, :, 1:4, 5:])
    assert load_all(IMAGE) is IMAGE


def test_a_lazy_image_stays_lazy_and_can_be_loaded() -> None:
    lazy = LazyImage(IMAGE.shape, lambda rows, columns: IMAGE[..., rows, columns])
    assert as_lazy(lazy) is lazy
    assert torch.equal(load_all(lazy), IMAGE)
