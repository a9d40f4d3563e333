"""The median map: deviation of every pixel from the median of its surroundings, without a network.

The deviation of model/scoring/residuals.py, of the image itself with standardised bands: along each
of the largest principal axes the median of the 11×11 pixels around is subtracted, and the
magnitudes along all axes are averaged. It shows what a trained method has to exceed.
"""

from torch import Tensor

from model.progress import Progress, no_progress
from model.scoring.evidence import median_map


def local_median(cube: Tensor, *, progress: Progress = no_progress) -> Tensor:
    """Score every pixel by its deviation from the local median, (H, W, B) → (H, W)."""
    return median_map(cube.permute(2, 0, 1).unsqueeze(0), progress=progress)
