"""Images whole and in windows."""

import torch

from model.image import LazyImage, as_lazy, load_all

IMAGE = torch.arange(2.0 * 5 * 7).reshape(1, 2, 5, 7)


def test_an_image_in_memory_is_read_in_windows() -> None:
    windows = as_lazy(IMAGE)
    assert windows.shape == IMAGE.shape
    assert torch.equal(windows.read(slice(1, 4), slice(5, 9)), IMAGE[:, :, 1:4, 5:])
    assert load_all(IMAGE) is IMAGE


def test_windows_stay_windows_and_make_the_whole() -> None:
    windows = LazyImage(IMAGE.shape, lambda rows, columns: IMAGE[..., rows, columns])
    assert as_lazy(windows) is windows
    assert torch.equal(load_all(windows), IMAGE)
