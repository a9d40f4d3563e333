"""Images whole and in windows."""

import torch

from model.image import Windows, whole, windows_of

IMAGE = torch.arange(2.0 * 5 * 7).reshape(1, 2, 5, 7)


def test_an_image_in_memory_is_read_in_windows() -> None:
    windows = windows_of(IMAGE)
    assert windows.shape == IMAGE.shape
    assert torch.equal(windows.read(slice(1, 4), slice(5, 9)), IMAGE[:, :, 1:4, 5:])
    assert whole(IMAGE) is IMAGE


def test_windows_stay_windows_and_make_the_whole() -> None:
    windows = Windows(IMAGE.shape, lambda rows, columns: IMAGE[..., rows, columns])
    assert windows_of(windows) is windows
    assert torch.equal(whole(windows), IMAGE)
