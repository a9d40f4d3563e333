"""GTVLRR: low-rank representation of the background, smooth in the image and on a graph of pixels.

Source: Cheng and Wang, "Graph and Total Variation Regularized Low-Rank Representation for
Hyperspectral Anomaly Detection", IEEE TGRS 58(1), 2020, DOI 10.1109/TGRS.2019.2936609. With the
pixels as columns of Y, the dictionary A and the graph's Laplacian L it minimises
‖X‖₊ + λ‖S‖₂,₁ + β·TV(X) + γ·tr(X L Xᵀ) subject to Y = A X + S, by alternating directions with a
penalty μ that grows. S is what the background leaves over.
"""

from typing import Any

import torch
from torch import Tensor

from model.detectors.gtvlrr_representation import Representation, Weights
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.dictionary import Labels, build_dictionary, cluster_pixels
from model.detectors.pixels.pixel_graph import graph_laplacian
from model.detectors.pixels.valid_pixels import scatter_scores, select_valid
from model.progress import Progress, no_progress

NEIGHBOURS = 5  # of a pixel in the graph; 10 in the paper, 5 in its program
MAX_ITERATIONS, USUAL_ITERATIONS = 400, 141


def gtvlrr(
    cube: Tensor,
    *,
    clusters: int,
    atoms: int,
    sparsity: float,
    smoothness: float,
    graph_weight: float,
    seed: int,
    progress: Progress = no_progress,
) -> Tensor:
    """Score every pixel by the part that the background cannot represent, (H, W, B) → (H, W).

    The dictionary has `atoms` pixels of each of the `clusters` of k-means, which starts from
    `seed`; `sparsity` is λ, `smoothness` β, `graph_weight` γ. No-data pixels, which are NaN, are in
    no cluster, graph or low-rank matrix, and score NaN; the total variation bridges them. Computed
    on the CPU. `progress` is called with the share of the usual number of iterations.
    Raises ValueError where the scene does not suit `clusters` and `atoms`.
    """
    pixels, valid = select_valid(scale_bands(cube.cpu()))
    labels = cluster_pixels(pixels.numpy(), clusters=clusters, seed=seed)
    scores = score_by_clusters(
        pixels,
        valid,
        labels,
        atoms=atoms,
        weights=Weights(sparsity, smoothness, graph_weight),
        progress=progress,
    )
    return scatter_scores(scores, valid).to(cube.device)


def memory(shape: tuple[int, int, int], **options: Any) -> int:
    """Estimate the bytes that a cube (H, W, B) needs besides itself.

    Eleven matrices of coefficients and six of spectra.
    """
    height, width, bands = shape
    pixels = height * width
    atoms = min(options["clusters"] * options["atoms"], pixels)
    return 8 * pixels * (11 * atoms + 6 * bands)


def score_by_clusters(
    pixels: Tensor,
    valid: Tensor,
    labels: Labels,
    *,
    atoms: int,
    weights: Weights,
    progress: Progress = no_progress,
) -> Tensor:
    """Score pixels of scaled bands (n, B), valid in (H, W), whose clusters are known (n,), (n,)."""
    dictionary = build_dictionary(pixels.numpy(), labels, atoms=atoms)
    laplacian = graph_laplacian(pixels.numpy(), neighbours=NEIGHBOURS)
    parts = Representation(pixels.mT.contiguous(), torch.from_numpy(dictionary), laplacian, valid)
    while parts.iteration < MAX_ITERATIONS and not parts.settled():
        parts.iterate(weights)
        progress(min(parts.iteration / USUAL_ITERATIONS, 1))
    return torch.linalg.vector_norm(parts.residual, dim=0)
