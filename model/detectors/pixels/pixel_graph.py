"""Graph of a scene's pixels: each is joined to those with the most similar spectra."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.neighbors import kneighbors_graph


def graph_laplacian(pixels: NDArray[np.float64], *, neighbours: int) -> sparse.csr_matrix:
    """Build the Laplacian (n, n) of the graph of pixels (n, B), diag(column sums of W) − W.

    A pixel is joined to its nearest `neighbours` others, with fewer pixels to all others, by the
    weight exp(−d²/2) of their Euclidean distance d; W is the larger of this matrix and its
    transpose. Distances are computed block by block.
    """
    count = min(neighbours, len(pixels) - 1)
    weights = kneighbors_graph(pixels, count, mode="distance", include_self=False)
    weights.data = np.exp(-np.square(weights.data) / 2)
    weights = weights.maximum(weights.T)
    return sparse.csr_matrix(sparse.diags(np.asarray(weights.sum(axis=0))[0]) - weights)
