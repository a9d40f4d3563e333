"""Isolation forests: how few random splits separate a pixel from others.

Source: Liu, Ting and Zhou, "Isolation-Based Anomaly Detection", ACM TKDD 6(1), 2012, DOI
10.1145/2133360.2133363. scikit-learn's forest differs from that of the field's programs: in the
path length of two pixels, in features that are constant in a node, and in the depth of its trees.
"""

from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from model.progress import Progress, no_progress

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

EULER = 0.5772156649
BLOCK_PATHS = 2**16  # at a time


@dataclass(frozen=True)
class Forest:
    """Trees as rows of nodes, M in all.

    A pixel whose `feature` (M,) is below the `threshold` (M,) moves to the first of the node's
    `children` (M, 2), any other to the second; a leaf is its own child. `path` (M,) is the length
    of a path that ends in the leaf, `roots` (T,) are the first nodes of the trees, and `sample` is
    the number of pixels that each was to be grown on.
    """

    feature: Indices
    threshold: Array
    children: Indices
    path: Array
    roots: Indices
    sample: int

    def score(self, pixels: Array, *, progress: Progress = no_progress) -> Array:
        """Score pixels (N, C) by 2^(−mean path / c(sample)), (N,), the shorter the higher.

        Trees of a single pixel have no path: the score is 1.
        """
        total = np.zeros(len(pixels))
        step = max(1, BLOCK_PATHS // len(pixels))
        for first in range(0, len(self.roots), step):
            total += self.paths(pixels, self.roots[first : first + step]).sum(axis=0)
            progress(min(1, (first + step) / len(self.roots)))
        if self.sample == 1:
            return np.ones(len(pixels))
        return np.asarray(2 ** (-total / len(self.roots) / mean_path(np.array(self.sample))))

    def paths(self, pixels: Array, roots: Indices) -> Array:
        """Compute the lengths of the paths of pixels (N, C) from roots (T,), (T, N)."""
        row = np.arange(len(pixels))
        node = np.repeat(roots[:, None], len(pixels), axis=1)  # (T, N)
        while True:
            second = pixels[row, self.feature[node]] >= self.threshold[node]
            below = self.children[node, second.astype(np.int64)]
            if np.array_equal(below, node):
                return self.path[node]
            node = below


def mean_path(count: NDArray[np.int64]) -> Array:
    """Compute c(n), the mean length of the paths that would separate n pixels; 0 for n < 2."""
    several = np.maximum(count, 2)
    lengths = 2 * (np.log(several - 1) + EULER) - 2 * (several - 1) / several
    return np.where(count > 1, lengths, 0)


def grow_forest(
    pixels: Array, *, trees: int, sample: int, generator: np.random.Generator
) -> Forest:
    """Grow trees, each on `sample` of the pixels (n, C) without replacement, or on all of fewer.

    A node of a single pixel, or at the height ⌈log₂ sample⌉, is a leaf.
    """
    taken = min(sample, len(pixels))
    draws = [
        generator.choice(len(pixels), taken, replace=False, shuffle=False) for _ in range(trees)
    ]
    members, sizes = np.concatenate(draws), np.full(trees, taken)  # node by node
    highest, levels, rows = ceil(log2(sample)), [], 0
    for height in range(highest + 1):
        inner = (sizes > 1) & (height < highest)
        split = split_nodes(pixels, members[np.repeat(inner, sizes)], sizes[inner], generator)
        levels.append(level_of_nodes(split, inner, first=rows, path=height + mean_path(sizes)))
        rows += len(sizes)
        members, sizes = split.members, split.sizes
    feature, threshold, children, path = map(np.concatenate, zip(*levels, strict=True))
    return Forest(feature, threshold, children, path, roots=np.arange(trees), sample=sample)


@dataclass(frozen=True)
class Split:
    """Nodes (k,) that are split: by a feature and a threshold each.

    `members` are their pixels in the order of the 2k children, `sizes` (2k,) the numbers of those.
    """

    feature: Indices
    threshold: Array
    members: Indices
    sizes: Indices


def split_nodes(
    pixels: Array, members: Indices, sizes: Indices, generator: np.random.Generator
) -> Split:
    """Split nodes at random, given their pixels, node by node, and the numbers of those (k,).

    The feature is one of all, the threshold between its extremes in the node: where it is constant
    there, all pixels are in the second child.
    """
    node = np.repeat(np.arange(len(sizes)), sizes)
    feature = generator.integers(pixels.shape[1], size=len(sizes))
    values = pixels[members, feature[node]]
    first = np.cumsum(sizes) - sizes
    if len(sizes) == 0:
        return Split(feature, np.empty(0), members, sizes)
    least, largest = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
    threshold = generator.uniform(least, largest)
    child = 2 * node + (values >= threshold[node])
    order = np.argsort(child, kind="stable")
    return Split(feature, threshold, members[order], np.bincount(child, minlength=2 * len(sizes)))


def level_of_nodes(
    split: Split, inner: NDArray[np.bool_], *, first: int, path: Array
) -> tuple[Indices, Array, Indices, Array]:
    """Lay out the nodes of one height, of which the `inner` are split, as rows of a forest.

    `first` is the row of the first; the children are those of the next height.
    """
    count = len(inner)
    feature, threshold = np.zeros(count, np.int64), np.full(count, np.inf)
    feature[inner], threshold[inner] = split.feature, split.threshold
    children = np.repeat(np.arange(first, first + count)[:, None], 2, axis=1)
    children[inner] = first + count + np.arange(len(split.sizes)).reshape(-1, 2)
    return feature, threshold, children, path
