"""CRD as the tables of many papers have it: a fit by the main directions of the ring.

The collaborative representation of Li and Du, IEEE TGRS 53(3), 2015, DOI
10.1109/TGRS.2014.2343955, as it is computed for the comparisons of many papers: the inverse of its
normal equations keeps only the largest eigenvalues, so that the pixel is represented by a few
directions of its ring and the penalty hardly counts. model/detectors/crd.py solves them exactly;
the scores of both are not comparable. The image is continued by mirroring.
"""

import torch
from torch import Tensor

from model.detectors.rings.mirrored import mirrored_rings
from model.progress import Progress, no_progress

KEPT = 0.9999  # share of the sum of the eigenvalues that those kept exceed


def representation_of_tables(
    cube: Tensor,
    *,
    inner_window: int,
    outer_window: int,
    ridge: float,
    progress: Progress = no_progress,
) -> Tensor:
    """Score every pixel by the part of it that its ring does not represent, (H, W, B) → (H, W).

    With the K pixels between the inner and the outer window (odd sides in pixels) as columns x of
    X, and G = XᵀX + λ diag(‖y − x‖²), λ = `ridge`, the weights of a pixel y are α = G⁺Xᵀy, where G⁺
    keeps the largest eigenvalues of G, as few as have a sum over `KEPT` of all. The score is
    ‖y − Xα‖₂. No-data pixels, which are NaN, are in no ring and score NaN; of a pixel without any
    other in its ring it is the length. Raises ValueError for windows that do not fit the scene.
    """
    rings = mirrored_rings(cube, inner=inner_window, outer=outer_window)
    pixels = cube.reshape(-1, rings.bands).double()
    scores = pixels.new_empty(len(pixels))
    side = max(outer_window**2 - inner_window**2, rings.bands)
    for chosen, places, inside in rings.batches(outer_window**2 * side, progress=progress):
        ring, spectrum = rings.spectra[places], pixels[chosen]  # (n, K, B), (n, B)
        distance = (ring - spectrum[:, None]).norm(dim=2).square() * inside  # squared
        scores[chosen] = misfit(ring, spectrum, penalty=ridge * distance)
    return scores.reshape(rings.shape)


def misfit(ring: Tensor, spectrum: Tensor, *, penalty: Tensor) -> Tensor:
    """Compute ‖y − Xα‖₂ of spectra y (n, B) and rings Xᵀ (n, K, B), (n,).

    `penalty` (n, K) is λ‖y − x‖²; both are 0 for what is no pixel of a ring.
    """
    gram = ring @ ring.mT  # (n, K, K)
    gram.diagonal(dim1=1, dim2=2).add_(penalty)
    values, vectors = torch.linalg.eigh(gram.nan_to_num(0))  # of a no-data pixel, which scores NaN
    largest = values.flip(1)
    before = largest.cumsum(dim=1) - largest  # the sum of all larger eigenvalues
    kept = ((before <= KEPT * largest.sum(dim=1)[:, None]) & (largest > 0)).flip(1)
    inverse = torch.where(kept, 1 / values.where(kept, 1), 0)[..., None]
    along = inverse * (vectors.mT @ (ring @ spectrum[..., None]))
    weights = vectors @ along  # (n, K, 1)
    return (spectrum - (weights.mT @ ring)[:, 0]).norm(dim=1)
