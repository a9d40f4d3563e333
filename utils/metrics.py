"""From a reconstruction to scores and what they are worth."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score


def detection_map(
    cube: NDArray[np.float32], reconstruction: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Score every pixel by its residual, ‖cube − reconstruction‖₂² / B, scaled to [0, 1].

    Both cubes are (H, W, B), the map is (H, W); it is 0 everywhere where all residuals are equal.
    """
    residual = np.mean((cube - reconstruction) ** 2, axis=2)
    extent = residual.max() - residual.min()
    return (residual - residual.min()) / (extent if extent > 0 else 1)


def area_under_roc(anomalous: NDArray[np.bool_], scores: NDArray[np.float32]) -> float | None:
    """Area under the ROC curve, AUC(D,F); None where one of the two classes has no pixel."""
    if anomalous.all() or not anomalous.any():
        return None
    return float(roc_auc_score(anomalous.ravel(), scores.ravel()))
