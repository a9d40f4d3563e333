"""Principal components of a scene, with signs that are defined."""

import torch
from torch import Tensor

from model.detectors.algebra.eigenpairs import largest_eigenpairs, with_signs
from model.detectors.pixels.valid_pixels import is_valid


def principal_components(cube: Tensor, count: int) -> Tensor:
    """Project the pixels of a cube (H, W, B) on its largest principal axes, (H, W, count).

    In float64. Mean and covariance (over n − 1) are those of the n valid pixels; no-data pixels,
    which are NaN, stay NaN. Each axis has the sign that makes its entry of largest magnitude
    positive, as MATLAB's `pca` has it. A component whose variance is only rounding is 0. Raises
    ValueError where the cube has fewer bands than `count`, or a single valid pixel.
    """
    height, width, bands = cube.shape
    if count > bands:
        raise ValueError(f"components {count}, but the scene's number of bands is {bands}")
    pixels = cube.reshape(-1, bands).double()
    valid = pixels[is_valid(pixels)]  # (n, B)
    if len(valid) < 2:
        raise ValueError(f"the scene has too few valid pixels, {len(valid)}: 2 or more are needed")
    first = valid[0].clone()
    valid -= first  # a constant band is 0 from here on, and has no rounding to show
    axes = principal_axes(torch.cov(valid.mT).reshape(bands, bands), count)
    return ((pixels - first - valid.mean(dim=0)) @ axes).reshape(height, width, count)


def principal_axes(covariance: Tensor, count: int) -> Tensor:
    """Find the first eigenvectors of a covariance (B, B), with signs, (B, count).

    An eigenvector whose eigenvalue is B·ε of the largest or less is replaced by 0.
    """
    bands = len(covariance)
    variances, vectors = largest_eigenpairs(covariance, count)
    rounding = bands * torch.finfo(covariance.dtype).eps * variances[0]
    return with_signs(vectors) * (variances > rounding)
