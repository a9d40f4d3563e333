"""CRD: the residual of a ridge regression of a pixel on the pixels around it.

Source: Li and Du, "Collaborative Representation for Hyperspectral Anomaly Detection", IEEE TGRS
53(3), 2015, DOI 10.1109/TGRS.2014.2343955. Of its forms this is the one with a distance-weighted
penalty and without the constraint that the weights sum to one.
"""

import torch
from torch import Tensor

from model.detectors.dual_window import background_windows, check_windows, is_valid


def collaborative_representation(
    cube: Tensor, *, inner_window: int, outer_window: int, ridge: float = 1e-6
) -> Tensor:
    """Score every pixel by the part of it that its ring cannot represent, (H, W, B) → (H, W).

    With the ring's N spectra as columns of X, the pixel y is represented by the weights α that
    minimise ‖y − Xα‖₂² + λ‖Γα‖₂², λ = `ridge` and Γ = diag(‖y − x₁‖₂, …, ‖y − x_N‖₂); the score
    is ‖y − Xα‖₂. The ring lies between the inner and the outer window (odd sides in pixels),
    which is moved into the image at its border. A no-data pixel, which is NaN, is in no ring and
    scores NaN; a pixel without any other in its ring is represented by the mean of the scene.
    Raises ValueError for windows that leave a pixel without a ring.
    """
    height, width, bands = cube.shape
    check_windows(height, width, inner=inner_window, outer=outer_window)
    cube = cube.double()
    pixels = cube.reshape(-1, bands)
    valid = is_valid(pixels)
    mean = pixels[valid].mean(dim=0)
    least = 1e-10 * pixels[valid].square().sum(dim=1).mean()  # a copy of the pixel has no distance
    pixels = pixels.masked_fill(~valid[:, None], 0)  # NaN has no eigenvalues
    scores = torch.empty(height * width, dtype=cube.dtype, device=cube.device)
    windows = background_windows(cube, inner=inner_window, outer=outer_window)
    for chosen, ring, in_ring in windows:
        ring[~in_ring.any(dim=1), 0] = mean
        spectrum = pixels[chosen]  # (pixels, B)
        distance = (ring - spectrum[:, None]).square().sum(dim=2).clamp(min=least)  # squared
        # By the push-through identity y − Xα = (I + X Γ⁻² Xᵀ / λ)⁻¹ y; pixels that are not in
        # the ring are columns of zeros and drop out.
        weighted = ring / distance.sqrt()[..., None]
        system = weighted.mT @ weighted / ridge  # (pixels, B, B)
        system.diagonal(dim1=1, dim2=2).add_(1)
        scores[chosen] = torch.linalg.vector_norm(solve(system, spectrum), dim=1)
    scores[~valid] = torch.nan
    return scores.reshape(height, width)


def solve(system: Tensor, right: Tensor) -> Tensor:
    """Solve symmetric systems (N, B, B) whose eigenvalues are at least 1, for (N, B)."""
    factor, failed = torch.linalg.cholesky_ex(system)
    solution = torch.cholesky_solve(right[..., None], factor)[..., 0]
    lost = failed > 0  # copies of the pixel are so near that rounding hides the eigenvalue 1
    if lost.any():
        values, vectors = torch.linalg.eigh(system[lost])
        along = vectors.mT @ right[lost][..., None] / values.clamp(min=1)[..., None]
        solution[lost] = (vectors @ along)[..., 0]
    return solution
