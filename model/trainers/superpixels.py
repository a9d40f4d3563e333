"""Superpixels: segments of an image that are homogeneous and connected."""

import numpy as np
import torch
from torch import Tensor

from model.nodata import fill_no_data, no_data_mask

BANDS = (54, 34, 14)  # that stand for red, green and blue; the last one in scenes of fewer
COMPACTNESS, ITERATIONS = 0.01, 1000


def superpixels(image: Tensor, *, number: int) -> Tensor:
    """Divide an image (1, B, H, W) into about `number` segments by SLIC, (H, W).

    Segments are numbered from 0; no-data pixels have −1.
    Source: Achanta et al., IEEE TPAMI 34(11), 2012, DOI 10.1109/TPAMI.2012.120.
    """
    from skimage.segmentation import slic  # a slow import

    valid = ~no_data_mask(image)[0].cpu().numpy()
    bands = [min(band, image.shape[1] - 1) for band in BANDS]
    colours = fill_no_data(image)[0, bands].permute(1, 2, 0).double().cpu().numpy()
    labels = slic(
        colours,
        n_segments=number,
        compactness=COMPACTNESS,
        max_num_iter=ITERATIONS,
        mask=None if valid.all() else valid,
        channel_axis=-1,
    )
    numbers = np.full(labels.shape, -1, np.int64)
    numbers[valid] = np.unique(labels[valid], return_inverse=True)[1].ravel()
    return torch.from_numpy(numbers)
