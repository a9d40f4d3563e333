"""FrFE: Reed–Xiaoli in the fractional Fourier domain of the largest entropy.

Source: Tao, Zhao, Li, Li and Du, "Hyperspectral Anomaly Detection by Fractional Fourier Entropy",
IEEE JSTARS 12(12), 2019, DOI 10.1109/JSTARS.2019.2940278. Two things are as in its authors'
program: the order used is one step above the one of the largest entropy, and standardised values
outside of [0, 1] are clipped before they are counted. Where that program inverts a singular
covariance (the amplitudes of order 1 are symmetric), the pseudoinverse is taken here.
"""

import math

import torch
from torch import Tensor

from model.detectors.algebra.fractional_fourier import fractional_fourier_matrix
from model.detectors.pixels.valid_pixels import check_enough, scatter_scores, select_valid
from model.progress import Progress, no_progress, reporting

STEPS = 10  # of the orders 0, 0.1, …, 1
LEVELS = 256  # of the histograms
FEWEST_BANDS = 3  # the transform of two bands does nothing
BLOCK_VALUES = 2**22  # complex values at a time, 64 MiB


def fractional_fourier_entropy(cube: Tensor, *, progress: Progress = no_progress) -> Tensor:
    """Score every pixel by its distance to the scene in a fractional domain, (H, W, B) → (H, W).

    No-data pixels, which are NaN, are left out of all statistics, and score NaN. Raises ValueError
    for a scene of less than three bands, of one spectrum, or of too few pixels.
    """
    pixels, valid = select_valid(cube)
    check_bands(pixels.shape[1])
    check_enough(pixels)
    pixels /= pixels.abs().max()
    order = used_order(entropies(pixels, progress=progress))
    return scatter_scores(distances_to_mean(amplitudes(pixels, order=order)), valid)


def check_bands(bands: int) -> None:
    """Raise ValueError for spectra of too few bands."""
    if bands < FEWEST_BANDS:
        raise ValueError(
            f"the scene has too few bands, {bands}: a fractional Fourier transform of spectra "
            f"needs {FEWEST_BANDS} or more"
        )


def entropies(pixels: Tensor, *, progress: Progress = no_progress) -> Tensor:
    """Compute the entropy of every band in the domain of every order, (N, B) → (11, B) in bits."""
    orders = [step / STEPS for step in range(STEPS + 1)]
    return torch.stack(
        [band_entropies(amplitudes(pixels, order=order)) for order in reporting(orders, progress)]
    )


def used_order(entropy: Tensor) -> float:
    """Return the order that the authors' program uses for entropies (11, B).

    It numbers the orders from 1 and takes a tenth of that number: 0.4 where 0.3 is the best.
    """
    best = int(entropy.amax(dim=1).argmax())  # the first of several
    return (best + 1) / STEPS


def amplitudes(pixels: Tensor, *, order: float) -> Tensor:
    """Compute the amplitudes of the transformed spectra, (N, B) → (N, B)."""
    bands = pixels.shape[1]
    matrix = torch.from_numpy(fractional_fourier_matrix(bands, order=order)).to(pixels.device)
    blocks = pixels.split(max(1, BLOCK_VALUES // bands))
    return torch.cat([transform(block, matrix).abs() for block in blocks])


def transform(pixels: Tensor, matrix: Tensor) -> Tensor:
    """Transform real spectra (N, B) by a complex matrix (B, B), (N, B)."""
    return torch.complex(pixels @ matrix.real.mT, pixels @ matrix.imag.mT)


def band_entropies(amplitude: Tensor) -> Tensor:
    """Compute the entropy of every band's histogram in bits, (N, B) → (B,).

    The amplitudes are standardised by one mean and one standard deviation, clipped to [0, 1] and
    counted at 256 levels.
    """
    count, bands = amplitude.shape
    deviation = amplitude.std()
    standardised = (amplitude - amplitude.mean()) / deviation.where(deviation > 0, 1)
    levels = (standardised.clamp_(0, 1) * (LEVELS - 1) + 0.5).long()
    levels += LEVELS * torch.arange(bands, device=levels.device)
    histograms = levels.flatten().bincount(minlength=LEVELS * bands).reshape(bands, LEVELS)
    return torch.special.entr(histograms.double() / count).sum(dim=1) / math.log(2)


def distances_to_mean(pixels: Tensor) -> Tensor:
    """Compute squared Mahalanobis distances to the mean of all, (N, B) → (N,).

    Axes whose variance is only rounding, B·ε of the largest or less, are left out.
    """
    centred = pixels - pixels.mean(dim=0)
    variances, axes = torch.linalg.eigh(centred.mT @ centred / len(centred))
    kept = variances > pixels.shape[1] * torch.finfo(pixels.dtype).eps * variances[-1]
    return (centred @ axes[:, kept]).square() @ (1 / variances[kept])
