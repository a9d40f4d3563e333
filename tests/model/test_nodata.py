"""No-data pixels, NaN in some band, are filled; the others stay as they are."""

import torch
from torch import Tensor

from model.nodata import fill_no_data, fill_with_mean, select_pixels, valid_pixels


def image_with_a_hole() -> Tensor:
    """Make an image of 1×3 pixels and 2 bands, (1, 2, 1, 3), whose middle has no data."""
    image = torch.tensor([[[[1.0, 2.0, 5.0]], [[3.0, 4.0, 9.0]]]])
    image[0, 1, 0, 1] = float("nan")
    return image


def test_no_data_pixels_are_filled_in_all_bands() -> None:
    image = image_with_a_hole()
    assert fill_no_data(image).tolist() == [[[[1, 0, 5]], [[3, 0, 9]]]]
    assert fill_with_mean(image).tolist() == [[[[1, 3, 5]], [[3, 6, 9]]]]
    whole = fill_no_data(image)
    assert fill_no_data(whole) is whole and fill_with_mean(whole) is whole


def test_valid_pixels_are_selected() -> None:
    image = image_with_a_hole()
    assert select_pixels(image, valid_pixels(image)).tolist() == [[[1, 5], [3, 9]]]
    assert valid_pixels(fill_no_data(image)) is None
