"""PCA-TLRSR: the sparse part of a low-rank representation of the scene as a tensor.

Source: Wang, Wang, Hong, Roy and Chanussot, "Learning Tensor Low-Rank Representation for
Hyperspectral Anomaly Detection", IEEE Transactions on Cybernetics, 2022, DOI
10.1109/TCYB.2022.3175771. The largest principal components, as a tensor (H, W, d), are first freed
of a sparse part, which leaves a dictionary; the scene is then represented by that dictionary with
coefficients of low rank, and what they leave is the anomaly.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from model.detectors.algebra.proximal import shrink_tubes
from model.detectors.algebra.tensor_product import (
    FIFTH,
    product,
    slices_of,
    tensor_of,
    transpose,
    weighted_svt,
)
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.principal import principal_components
from model.detectors.pixels.valid_pixels import is_valid, select_valid
from model.progress import Progress, last_of, no_progress, part

ITERATIONS = 100  # of either loop; at the end the step is 1.4
FIRST_STEP = 1e-4  # μ, and b of the representation
GROWTH = 1.1  # of the step from one iteration to the next
CONVERGED = 1e-8  # the largest change of a value of the dictionary and its sparse part


class Dictionary(NamedTuple):
    """A tensor (H, W, d) taken apart: the dictionary L of low rank, and the sparse rest S."""

    low_rank: Tensor
    sparse: Tensor


class Representation(NamedTuple):
    """Coefficients Z of low rank and their copy J, (W, W, d), and the sparse part E, (H, W, d)."""

    low_rank: Tensor
    coefficients: Tensor
    sparse: Tensor


def pca_tlrsr(
    cube: Tensor,
    *,
    components: int,
    dictionary_sparsity: float,
    sparsity: float,
    progress: Progress = no_progress,
) -> Tensor:
    """Score every pixel by the length of its sparse part, (H, W, B) → (H, W).

    The scene is its first principal `components`, each from 0 to 1. `dictionary_sparsity` is the
    weight λ' of the sparse part that the dictionary is freed of, `sparsity` that of the scores, λ.
    The tensor needs a full rectangle: a no-data pixel, which is NaN, is in no principal axis, has
    the mean of the valid pixels in the tensor, and scores NaN. Raises ValueError for a scene of
    less than 5 rows or columns, or of fewer bands than `components`.
    """
    height, width, _ = cube.shape
    if min(height, width) <= FIFTH:
        raise ValueError(f"the scene is {height}×{width}, but has to be 5×5 or larger")
    select_valid(cube)
    scene = scale_bands(principal_components(cube, components))
    valid = is_valid(scene)
    scene[~valid] = scene[valid].mean(dim=0)
    learning = learn_dictionary(scene, dictionary_sparsity)
    half = part(progress, 0, 0.5)
    dictionary = last_of(learning, total=ITERATIONS, progress=half).low_rank
    representing = represent(scene, dictionary, sparsity)
    half = part(progress, 0.5, 1)
    sparse = last_of(representing, total=ITERATIONS, progress=half).sparse
    scores = torch.linalg.vector_norm(sparse, dim=2)
    return scores.masked_fill(~valid, torch.nan)


def memory(shape: tuple[int, int, int], **options: Any) -> int:
    """Estimate the bytes that a cube (H, W, B) needs besides itself.

    Five copies in float64 for the principal components, and ten tensors of coefficients (W, W, d).
    """
    height, width, bands = shape
    return 8 * (5 * height * width * bands + 10 * width**2 * options["components"])


def learn_dictionary(scene: Tensor, sparsity: float) -> Iterator[Dictionary]:
    """Take a scene X = L + S apart, with a weight λ' of the sparse part; yield every iterate."""
    low_rank = sparse = multipliers = torch.zeros_like(scene)  # L, S, Q
    step = FIRST_STEP  # μ
    for _ in range(ITERATIONS):
        before = (low_rank, sparse)
        low_rank = weighted_svt(scene - sparse - multipliers / step, 1 / step)
        sparse = shrink_tubes(scene - low_rank - multipliers / step, sparsity / step)
        rest = low_rank + sparse - scene  # Δ
        yield Dictionary(low_rank, sparse)
        changes = (rest, low_rank - before[0], sparse - before[1])
        if max(float(change.abs().max()) for change in changes) < CONVERGED:
            return
        multipliers = multipliers + step * rest
        step *= GROWTH


def represent(scene: Tensor, dictionary: Tensor, sparsity: float) -> Iterator[Representation]:
    """Represent a scene X = L ∗ Z + E, with a weight λ of the sparse part; yield every iterate."""
    inverse = regularised_inverse(dictionary)  # G
    transposed = transpose(dictionary)  # Lᵀ
    coefficients = multipliers = torch.zeros_like(inverse)  # J, Y1
    background = scene_multipliers = torch.zeros_like(scene)  # L ∗ J, Y2
    step = FIRST_STEP  # b
    for _ in range(ITERATIONS):
        low_rank = weighted_svt(coefficients - multipliers / step, 1 / step)  # Z
        shifted = scene + scene_multipliers / step  # X + Y2/b
        sparse = shrink_tubes(shifted - background, sparsity / step)  # E
        coefficients = product(
            inverse, low_rank + multipliers / step + product(transposed, shifted - sparse)
        )
        background = product(dictionary, coefficients)
        yield Representation(low_rank, coefficients, sparse)
        multipliers = multipliers + step * (low_rank - coefficients)
        scene_multipliers = scene_multipliers + step * (scene - background - sparse)
        step *= GROWTH


def regularised_inverse(dictionary: Tensor) -> Tensor:
    """Invert Lᵀ ∗ L + I of a dictionary L (H, W, d), slice by slice, (W, W, d)."""
    slices = slices_of(dictionary)
    identity = torch.eye(dictionary.shape[1], dtype=slices.dtype, device=slices.device)
    return tensor_of(torch.linalg.inv(slices.mH @ slices + identity), dictionary.shape[2])
