"""Three bands of a cube: the most salient of each of three runs of similar bands.

Sources: Wang, Zhang and Li, "Optimal Clustering Framework for Hyperspectral Band Selection", IEEE
TGRS 56(10), 2018, DOI 10.1109/TGRS.2018.2828161; the bands are ranked as by Jia, Tang, Zhu and Li,
"A Novel Ranking-Based Clustering Approach for Hyperspectral Band Selection", IEEE TGRS 54(1), 2016.

As in the program of MsRFQFT's authors, the head of a run is found in the list of ranked bands as if
that held a value for each band.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform

from model.detectors.images.min_max import min_max

Matrix = NDArray[np.float64]
Ranked = NDArray[np.int64]  # bands, the most salient first

NEAREST = 7  # the distance to this band, itself counted, is a band's scale
FEWEST_BANDS = NEAREST
NEAR_SHARE = 0.02  # of the distances, which are near


def choose_bands(cube: Matrix) -> Ranked:
    """Choose three of seven or more bands of a cube (H, W, B) without no-data pixels.

    Returns their indices (3,), listed by their rank.
    """
    bands = cube.shape[-1]
    distances = squareform(pdist(cube.reshape(-1, bands).T))
    ranked = rank_bands(distances / bands)
    first, second = three_runs(run_costs(similarities(distances), ranked))
    rank = np.argsort(ranked)  # of every band
    runs = np.split(np.arange(bands), [first, second])
    return ranked[np.sort([rank[run].min() for run in runs])]


def rank_bands(distances: Matrix) -> Ranked:
    """Rank bands by their pairwise distances (B, B): those in dense places, far from denser ones.

    With ρ the density at a band and δ the least distance to a band of larger ρ, both scaled to
    [0, 1], the rank is by ρδ². Of equal densities the first counts as the larger.
    """
    bands = len(distances)
    near = np.sort(distances, axis=None)[int(NEAR_SHARE * bands * (bands - 1)) + bands - 1] / np.e
    density = np.exp(-(quotients(distances, np.full_like(distances, near)) ** 2)).sum(axis=1) - 1
    order = np.argsort(-density, kind="stable")
    isolation = np.empty(bands)
    for place, band in enumerate(order[1:], start=1):
        isolation[band] = distances[band, order[:place]].min()
    isolation[order[0]] = isolation[order[1:]].max()
    return np.argsort(-min_max(density) * min_max(isolation) ** 2, kind="stable")


def similarities(distances: Matrix) -> Matrix:
    """Compute exp(−dᵢⱼ²/(σᵢσⱼ)) of distances (B, B), σ the distance to the 6th nearest other."""
    scales = np.sort(distances, axis=1)[:, NEAREST - 1]
    return np.exp(-quotients(distances**2, np.outer(scales, scales)))


def run_costs(similarity: Matrix, ranked: Ranked) -> Matrix:
    """Compute the cost of every run of bands i…j, (B, B): its head's similarity to all others.

    The head is the place in i…j where the list of ranked bands has its largest entry.
    """
    bands = len(ranked)
    place = np.argsort(ranked)
    sums = np.cumsum(np.pad(similarity, ((0, 0), (1, 0))), axis=1)  # (B, B + 1)
    costs = np.full((bands, bands), np.inf)
    for first in range(bands):
        heads = place[np.maximum.accumulate(ranked[first:])]
        inside = sums[heads, np.arange(first, bands) + 1] - sums[heads, first]
        costs[first, first:] = sums[heads, -1] - inside
    return costs


def three_runs(costs: Matrix) -> tuple[int, int]:
    """Split bands into three runs with the least largest cost, of costs (B, B) of all runs.

    Returns the first bands of the second and the third run, of equal splits those of the first.
    """
    bands = len(costs)
    begin, best = np.zeros(bands, int), np.full(bands, np.inf)  # of bands 0…j in two runs
    for last in range(1, bands):
        split = np.maximum(costs[0, :last], costs[1 : last + 1, last])
        begin[last], best[last] = split.argmin() + 1, split.min()
    final = np.maximum(best[: bands - 1], costs[1:, bands - 1])
    cut = int(final.argmin())
    return int(begin[cut]), cut + 1


def quotients(numerators: Matrix, denominators: Matrix) -> Matrix:
    """Divide distances by scales: of copies of a band, 0/0 is 0."""
    infinite = np.where(numerators > 0, np.inf, 0)
    return np.divide(numerators, denominators, out=infinite, where=denominators > 0)
