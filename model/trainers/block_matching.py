"""Content matching of GT-HAD: the block of the original image that a rebuilt block resembles most.

Source: Lian, Wang, Sun and Huang, IEEE TNNLS, 2024, DOI 10.1109/TNNLS.2024.3355166.
"""

from collections.abc import Callable

import torch
from torch import Tensor

ROWS, COLUMNS = 512, 256  # blocks compared at once, in float64
OFFSET = 1e-6  # added to each difference, as in PyTorch's pairwise distance
ROUNDING = 1e-13  # of squared norms: squared distances that differ by less count as equal

Blocks = Callable[[Tensor], Tensor]  # from the numbers of blocks (n,) to the blocks (n, B, 9, 9)


def matching_blocks(rebuilt: Blocks, original: Blocks, numbers: Tensor) -> Tensor:
    """Return for each block whether the original nearest to its reconstruction is its own, (n,).

    The distance is ‖rebuilt − original + 1e-6‖₂, and the first of equally near originals counts.
    `numbers` (n,) are those of all blocks, in order.
    """
    found = [nearest(vectors(rebuilt, part), original, numbers) for part in numbers.split(ROWS)]
    return torch.cat(found) == numbers


def nearest(rebuilt: Tensor, original: Blocks, numbers: Tensor) -> Tensor:
    """Find the original block nearest to each rebuilt one, (n, D) → numbers (n,).

    Squared distances are expanded, ‖a‖² − 2 a·b + ‖b‖², so that matrix products compute them, in
    float64: in float32 that would round too much.
    """
    shifted = rebuilt + OFFSET
    norms, products = [], []
    for part in numbers.split(COLUMNS):
        blocks = vectors(original, part)
        norms.append(blocks.square().sum(dim=1))
        products.append(shifted @ blocks.T)
    own_norm, norm = shifted.square().sum(dim=1, keepdim=True), torch.cat(norms)
    distances = own_norm - 2 * torch.cat(products, dim=1) + norm
    limit = distances.amin(dim=1, keepdim=True) + ROUNDING * own_norm
    return numbers[(distances <= limit).byte().argmax(dim=1)]


def vectors(blocks: Blocks, numbers: Tensor) -> Tensor:
    """Return blocks as vectors in float64, (n, D)."""
    return blocks(numbers).flatten(1).double()
