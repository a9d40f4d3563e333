"""MsRFQFT: smoothed quaternion Fourier spectra of a scene at four scales.

Source: "Hyperspectral Anomaly Detection Using Reconstruction Fusion of Quaternion Frequency Domain
Analysis", IEEE TNNLS, 2023, IEEE document 10034420. As in its authors' program, the smoothing
filter is 3 × 3 whatever its standard deviation is: above 2 it is nearly a box.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import correlate
from torch import Tensor

from model.detectors.images.min_max import min_max
from model.detectors.images.quaternion import Pair, inverse_modulus, modulus, quaternion_transform
from model.detectors.images.resize import resize
from model.detectors.pixels.band_choice import FEWEST_BANDS, choose_bands
from model.detectors.pixels.valid_pixels import scatter_scores, select_valid
from model.progress import Progress, no_progress, reporting

Array = NDArray[np.float64]

SMALLER = 3  # scales besides the first
WEIGHT = 7  # of the first scale, the real part of the quaternions


def quaternion_frequency_fusion(
    cube: Tensor, *, sigma: float, progress: Progress = no_progress
) -> Tensor:
    """Score every pixel by smoothed quaternion Fourier spectra, (H, W, B) → (H, W) in [0, 1].

    `sigma` is the standard deviation of the smoothing in pixels. The transforms need a rectangle:
    no-data pixels, which are NaN, are filled with the mean spectrum of the others, and score NaN.
    Raises ValueError for a scene of one spectrum, of less than seven bands, or too long.
    """
    pixels, valid = select_valid(cube)
    check_size(*cube.shape)
    filled = torch.where(valid[..., None], cube.double(), pixels.mean(dim=0)).cpu().numpy()
    spectrum = quaternion_transform(quaternion_image(scales(filled, progress=progress)))
    kernel = gaussian(sigma)
    background = reconstruction(spectrum, kernel).mean(axis=2)
    detail = phase_map(spectrum, kernel).mean(axis=2)
    fused = resize((background * detail)[..., None], *cube.shape[:2])[..., 0]
    scores = torch.from_numpy(fused).to(valid.device)[valid]
    return scatter_scores(torch.from_numpy(min_max(scores.cpu().numpy())), valid)


def margin(height: int, width: int) -> int:
    """Return the pixels by which the sides of a scale differ from those of the next."""
    return int((height + width) / 20 + 0.5)


def check_size(height: int, width: int, bands: int) -> None:
    """Raise ValueError for a scene that has no three bands, or no pixels at the smallest scale."""
    if bands < FEWEST_BANDS:
        raise ValueError(
            f"the scene has too few bands, {bands}: three are chosen by their distances to the six "
            f"nearest others; {FEWEST_BANDS} or more are needed"
        )
    side = min(height, width) - SMALLER * margin(height, width)
    if side < 1:
        raise ValueError(
            f"the scene, {height}×{width}, is too narrow: its sides shrink by "
            f"{SMALLER * margin(height, width)} pixels at the smallest scale; cut it into squares"
        )


def scales(cube: Array, *, progress: Progress = no_progress) -> Array:
    """Choose three bands at four scales, (H, W, B) → (4, H + 2g, W + 2g, 3), each to [0, 1].

    The first is of the cube itself, the others of the cube shrunk by g, 2g and 3g pixels.
    """
    height, width, _ = cube.shape
    g = margin(height, width)
    images = []
    for step in reporting(range(SMALLER + 1), progress):
        smaller = resize(cube, height - step * g, width - step * g)
        chosen = smaller[..., choose_bands(smaller)]
        larger = resize(chosen, height + 2 * g, width + 2 * g)
        images.append([min_max(larger[..., band]) for band in range(3)])
    return np.moveaxis(np.array(images), 1, -1)


def quaternion_image(images: Array) -> Array:
    """Weight the images of four scales (4, H, W, 3) as the parts of quaternions."""
    return np.concatenate([WEIGHT * images[:1], images[1:]])


def gaussian(sigma: float) -> Array:
    """Make the smoothing filter, 3 × 3 with sum 1, for images (H, W, 3)."""
    line = np.exp(-np.array([1.0, 0.0, 1.0]) / (2 * sigma**2))
    square = np.outer(line, line)
    return (square / square.sum())[..., None]


def smooth(image: Array, kernel: Array) -> Array:
    """Filter an image (H, W, 3), with zeros around it."""
    return np.asarray(correlate(image, kernel, mode="constant"))


def log_amplitude(spectrum: Pair) -> Array:
    """Compute the log amplitude of a spectrum (2, H, W, 3), zero frequency in the middle."""
    return np.fft.fftshift(np.log1p(modulus(spectrum)), axes=(0, 1))


def reconstruction(spectrum: Pair, kernel: Array) -> Array:
    """Transform a spectrum back with its log amplitude smoothed, (2, H, W, 3) → (H, W, 3)."""
    smoothed = smooth(log_amplitude(spectrum), kernel)
    amplitude = np.expm1(np.fft.ifftshift(smoothed, axes=(0, 1)))
    return inverse_modulus(amplitude * phase(spectrum))


def phase_map(spectrum: Pair, kernel: Array) -> Array:
    """Transform the phase alone back, squared, smoothed and scaled to [0, 1], (H, W, 3)."""
    return min_max(smooth(inverse_modulus(phase(spectrum)) ** 2, kernel))


def phase(spectrum: Pair) -> Pair:
    """Divide a spectrum (2, H, W, 3) by its modulus; 0 stays 0."""
    amplitude = modulus(spectrum)
    return spectrum / np.where(amplitude > 0, amplitude, 1)
