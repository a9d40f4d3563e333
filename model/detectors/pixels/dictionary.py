"""Background dictionary of LRASR and GTVLRR: typical pixels of the clusters of a scene.

Source: Xu, Wu, Li, Plaza and Wei, "Anomaly Detection in Hyperspectral Images Based on Low-Rank and
Sparse Representation", IEEE TGRS 54(4), 2016, DOI 10.1109/TGRS.2015.2493201. Clusters that are too
small to be background give no atoms.
"""

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from model.detectors.algebra.mahalanobis import distance_to

Pixels = NDArray[np.float64]  # (n, B), a pixel a row
Labels = NDArray[Any]  # (n,), whole numbers
DIGITS = 8  # of distances, relative to the largest, that count: the others are rounding


def cluster_pixels(pixels: Pixels, *, clusters: int, seed: int) -> Labels:
    """Label pixels (n, B) by k-means with a k-means++ start, the numbers of their clusters (n,).

    Raises ValueError for fewer pixels than clusters.
    """
    if len(pixels) < clusters:
        raise ValueError(
            f"clusters is {clusters}, above the number of valid pixels, {len(pixels)}; take fewer"
        )
    with warnings.catch_warnings():  # fewer different pixels than clusters leave some empty
        warnings.simplefilter("ignore", ConvergenceWarning)
        means = KMeans(clusters, init="k-means++", n_init=1, random_state=seed).fit(pixels)
    return np.asarray(means.labels_)


def build_dictionary(pixels: Pixels, labels: Labels, *, atoms: int) -> Pixels:
    """Collect the `atoms` most typical pixels of every cluster that has as many, (n, B) → (B, m).

    Clusters follow each other in the order of their labels (n,), their atoms by their distance.
    Raises ValueError where no cluster is large enough.
    """
    numbers, sizes = np.unique(labels, return_counts=True)
    if sizes.max() < atoms:
        raise ValueError(
            f"atoms is {atoms}, above the pixels of the largest cluster, {sizes.max()}; take fewer "
            f"atoms or fewer clusters"
        )
    members = [pixels[labels == number] for number in numbers[sizes >= atoms]]
    return np.concatenate([typical_pixels(some, count=atoms) for some in members]).T


def typical_pixels(pixels: Pixels, *, count: int) -> Pixels:
    """Select the pixels of a cluster (n, B) that are nearest to its mean, nearest first (count, B).

    Nearest in the Mahalanobis sense. In a cluster of fewer pixels than bands all are at the same
    such distance, up to rounding: the Euclidean distance decides among these.
    """
    near = np.square(pixels - pixels.mean(axis=0)).sum(axis=1)
    together = torch.from_numpy(pixels)
    distances = distance_to(together, together).numpy()
    comparable = np.round(distances / max(distances.max(), np.finfo(float).tiny), DIGITS)
    return pixels[np.lexsort((near, comparable))[:count]]
