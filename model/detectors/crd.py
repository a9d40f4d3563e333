"""CRD: the residual of a ridge regression of a pixel on the pixels around it.

Source: Li and Du, "Collaborative Representation for Hyperspectral Anomaly Detection", IEEE TGRS
53(3), 2015, DOI 10.1109/TGRS.2014.2343955. Of its forms this is the one with a distance-weighted
penalty and without the constraint that the weights sum to one.
"""

import torch
from torch import Tensor

from model.detectors.moved_ring import moved_rings
from model.detectors.positive_systems import Factors

BATCH_VALUES = 2**19  # numbers in the rings of some pixels, and in their systems of equations
# Weights as many as this times the bands are still found by themselves, which is more accurate.
MOST_WEIGHTS = 1.25
# Relative change of a residual by one step of refinement, and absolute one as a share of the
# spectrum, from which on the weights are not accurate enough.
UNSETTLED, ROUNDING = 1e-4, 1e-13


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
    rings = moved_rings(cube, inner=inner_window, outer=outer_window)
    pixels = rings.spectra[:-1]
    valid = pixels[rings.valid]
    mean = valid.mean(dim=0)
    least = 1e-10 * valid.square().sum(dim=1).mean()  # a copy of the pixel has no distance
    scores = pixels.new_full(rings.valid.shape, torch.nan)
    side = max(outer_window**2, rings.bands)
    for chosen, places, inside in rings.batches(max(1, BATCH_VALUES // side**2)):
        ring, spectrum = rings.spectra[places], pixels[chosen]  # (n, N, B), (n, B)
        ring[~inside.any(dim=1), 0] = mean
        distance = (ring - spectrum[:, None]).norm(dim=2).square().clamp(min=least)  # squared
        scores[chosen] = misfit(ring, spectrum, penalty=ridge * distance)
    scores[~rings.valid] = torch.nan
    return scores.reshape(rings.shape)


def misfit(ring: Tensor, spectrum: Tensor, *, penalty: Tensor) -> Tensor:
    """Compute ‖y − Xα‖₂ of spectra y (n, B) and rings Xᵀ (n, N, B), (n,).

    `penalty` (n, N) has the squared diagonal of √λ Γ. Pixels of zeros in a ring drop out.
    """
    if ring.shape[1] > MOST_WEIGHTS * ring.shape[2]:
        return by_residual(ring, spectrum, penalty=penalty)
    scores, lost = by_weights(ring, spectrum, penalty=penalty)
    if lost.any():
        scores[lost] = by_residual(ring[lost], spectrum[lost], penalty=penalty[lost])
    return scores


def by_weights(ring: Tensor, spectrum: Tensor, *, penalty: Tensor) -> tuple[Tensor, Tensor]:
    """Solve (XᵀX + λΓ²)α = Xᵀy for the weights; return ‖y − Xα‖₂ and where it is not accurate.

    One step of refinement, from the residual itself, takes out the rounding of XᵀX, without which
    a residual would have half of the digits.
    """
    system = ring @ ring.mT  # (n, N, N)
    system.diagonal(dim1=1, dim2=2).add_(penalty)
    factors = Factors(system)
    right = spectrum[..., None]  # (n, B, 1)
    weights = factors.solve(ring @ right)
    residual = right - combine(weights, ring)
    weights += factors.solve(ring @ residual - penalty[..., None] * weights)
    before, after = residual, right - combine(weights, ring)
    before, after = (vector.flatten(1).norm(dim=1) for vector in (before, after))
    allowed = UNSETTLED * after + ROUNDING * spectrum.norm(dim=1)
    return after, factors.failed | ~((before - after).abs() <= allowed)


def combine(weights: Tensor, ring: Tensor) -> Tensor:
    """Combine the pixels of rings Xᵀ (n, N, B) with weights α (n, N, 1): Xα (n, B, 1)."""
    return (weights.mT @ ring).mT  # the other order would copy the rings


def by_residual(ring: Tensor, spectrum: Tensor, *, penalty: Tensor) -> Tensor:
    """Solve (I + XΓ⁻²Xᵀ/λ)(y − Xα) = y for the residual; return its norm.

    This is the push-through identity.
    """
    weighted = ring / penalty.sqrt()[..., None]
    system = weighted.mT @ weighted  # (n, B, B)
    system.diagonal(dim1=1, dim2=2).add_(1)
    return torch.linalg.vector_norm(solve(system, spectrum), dim=1)


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
