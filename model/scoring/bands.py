"""Standardise the bands of an image."""

from dataclasses import dataclass

from torch import Tensor

from model.nodata import select_pixels, valid_pixels

ROUNDING = 1e-6  # of the mean, or of the largest deviation: no deviation in float32


@dataclass(frozen=True)
class BandStatistics:
    """Mean and standard deviation of every band over the valid pixels, (1, B, 1, 1)."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, image: Tensor) -> "BandStatistics":
        """Compute those of an image (1, B, H, W).

        A constant band, whose deviation is only rounding, gets the largest deviation; if all bands
        are constant, each gets 1.
        """
        pixels = select_pixels(image, valid_pixels(image)).flatten(2)  # (1, B, n)
        mean, deviation = pixels.mean(dim=2), pixels.std(dim=2, correction=0)
        varies = deviation > ROUNDING * mean.abs().clamp(min=deviation.max())
        largest = deviation.max() if varies.any() else deviation.new_ones(())
        deviation = deviation.where(varies, largest)
        return cls(mean[..., None, None], deviation[..., None, None])

    def standardise(self, image: Tensor) -> Tensor:
        """Scale every band to mean 0 and standard deviation 1, (1, B, H, W) → (1, B, H, W)."""
        return (image - self.mean) / self.deviation

    def restore(self, standardised: Tensor) -> Tensor:
        """Undo `standardise`."""
        return standardised * self.deviation + self.mean
