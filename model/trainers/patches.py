"""Patches around the pixels of an image, composed into batches when they are needed."""

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor

from model.nodata import fill_with_mean, no_data_mask
from model.trainers.hidden_pixels import HiddenPixels


class Patches:
    """A patch of `side`×`side` pixels, an odd number, around each valid pixel of an image.

    The image (1, B, H, W) is mirrored at its borders, as often as a patch needs it, without
    repeating the outermost pixels. `hidden` has a row for every pixel of the image, row by row.
    No-data pixels are the mean spectrum, and the loss never counts them.
    """

    def __init__(
        self, image: Tensor, *, side: int, hidden: HiddenPixels, device: torch.device
    ) -> None:
        height, width = image.shape[2:]
        self.side = side
        self.pixels = fill_with_mean(image)[0].flatten(1).T.contiguous().to(device)  # (H·W, B)
        self.rows = mirrored_windows(height, side).to(device) * width
        self.columns = mirrored_windows(width, side).to(device)
        self.valid = ~no_data_mask(image).flatten().to(device)
        self.centres = self.valid.nonzero().flatten()
        self.hidden, self.sources, self.counted = (
            torch.from_numpy(np.ascontiguousarray(positions)).to(device)
            for positions in (hidden.hidden, hidden.sources, hidden.counted)
        )

    def __len__(self) -> int:
        return len(self.centres)

    def batch(self, numbers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compose some patches, by their numbers from 0 (n,): inputs, labels and mask of the loss.

        The first two are (n, B, side, side), the mask is (n, 1, side, side), 1 where the loss
        counts.
        """
        centres = self.centres[numbers]
        width = len(self.columns)
        rows, columns = self.rows[centres // width], self.columns[centres % width]
        labels = (rows[:, :, None] + columns[:, None, :]).flatten(1)  # of pixels, (n, side²)
        replacements = labels.gather(1, self.sources[centres].long())
        inputs = labels.scatter(1, self.hidden[centres].long(), replacements)
        counts = torch.zeros_like(labels, dtype=self.pixels.dtype)
        counts.scatter_(1, self.counted[centres].long(), 1)
        mask = (counts * self.valid[labels]).view(-1, 1, self.side, self.side)
        return self.spectra(inputs), self.spectra(labels), mask

    def spectra(self, numbers: Tensor) -> Tensor:
        """Return the spectra of pixels (n, side²) as patches (n, B, side, side)."""
        patches = self.pixels[numbers].unflatten(1, (self.side, self.side))
        return patches.permute(0, 3, 1, 2).contiguous()


def mirrored_windows(size: int, side: int) -> Tensor:
    """Return the indices that a window around each of `size` pixels has along an axis.

    (size, side); beyond the ends the axis is mirrored without its first and last pixel.
    """
    mirrored = np.pad(np.arange(size), side // 2, mode="reflect")
    return torch.from_numpy(sliding_window_view(mirrored, side).copy())
