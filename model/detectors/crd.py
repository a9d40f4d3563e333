"""CRD: the residual of a ridge regression of a pixel on the pixels around it.

Source: Li and Du, "Collaborative Representation for Hyperspectral Anomaly Detection", IEEE TGRS
53(3), 2015, DOI 10.1109/TGRS.2014.2343955. Of its forms this is the one with a distance-weighted
penalty and without the constraint that the weights sum to one.
"""

from collections.abc import Iterator

from torch import Tensor

from model.detectors.pixels.valid_pixels import is_valid
from model.detectors.rings.moved import moved_rings
from model.detectors.rings.ridge_residual import by_residual
from model.detectors.rings.ridge_weights import by_weights
from model.detectors.rings.rings import Rings
from model.progress import Progress, no_progress

# As many weights per band are still found themselves, which costs more than the residual without
# them but is accurate to 12 digits in place of 6.
MOST_WEIGHTS = 2


def collaborative_representation(
    cube: Tensor,
    *,
    inner_window: int,
    outer_window: int,
    ridge: float = 1e-6,
    progress: Progress = no_progress,
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
    valid = rings.spectra[:-1][rings.valid]
    least = 1e-10 * valid.square().sum(dim=1).mean()  # a copy of the pixel has no distance
    few = outer_window**2 - inner_window**2 <= MOST_WEIGHTS * rings.bands
    solve = by_weights if few else without_weights
    mean, scores = valid.mean(dim=0), valid.new_empty(len(rings.valid))
    for chosen, misfit in solve(rings, mean=mean, ridge=ridge, least=least, progress=progress):
        scores[chosen] = misfit
    return scores.reshape(rings.shape).masked_fill(~is_valid(cube), float("nan"))


def without_weights(
    rings: Rings, *, mean: Tensor, ridge: float, least: Tensor, progress: Progress
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the numbers of some pixels and their misfits, as `by_weights` does."""
    row, column = rings.windows(rings.boxes()[:1])
    most = row.shape[1] * column.shape[1]
    for chosen, places, inside in rings.batches(
        max(most, rings.bands) * rings.bands, progress=progress
    ):
        ring, pixels = rings.spectra[places], rings.spectra[chosen]  # (n, N, B), (n, B)
        ring[~inside.any(dim=1), 0] = mean
        distance = (ring - pixels[:, None]).norm(dim=2).square().clamp(min=least)  # squared
        yield chosen, by_residual(ring, pixels, penalty=ridge * distance)
