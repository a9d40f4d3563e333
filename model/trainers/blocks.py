"""Trainers of networks that rebuild the blocks of an image: GT-HAD's, and those like it.

Source: Lian, Wang, Sun and Huang, "GT-HAD: Gated Transformer for Hyperspectral Anomaly Detection",
IEEE TNNLS, 2024, DOI 10.1109/TNNLS.2024.3355166.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from model.detector import EpochFilter
from model.image import Image, load_all
from model.networks.layers.patch_attention import BLOCK
from model.networks.network import Network
from model.nodata import no_data_mask
from model.precision import use_precision
from model.progress import reporting
from model.scoring.evidence import Evidence, evidence_of_reconstruction
from model.trainers.block_grid import BlockGrid, BlockMean, ImageBlocks
from model.trainers.block_matching import matching_blocks
from model.trainers.cuda_graph import graph_per_shape
from model.trainers.losses import LOSSES
from model.trainers.shuffling import shuffled
from model.trainers.states import copy_to_cpu
from model.trainers.trainer import Trainer, check_output

POOLING = (5, 3, 3)  # bands, rows and columns over which squared residuals are averaged
OPEN_BLOCKS = "open_blocks"  # the name of the flags among the weights of a checkpoint
IMAGES = 4  # padded, folded twice, and the mask: next to the image while it is scored


class BlockTrainer(Trainer):
    """Trainer whose epoch is a pass over all blocks of an image, in random batches.

    All blocks are closed at first. Every `search_every` epochs, but not after the last, those are
    opened whose reconstruction in that epoch is nearest to themselves among all blocks, and the
    others closed; the last flags are used for the scores, and are saved with the weights.

    No-data pixels are 0 in the blocks, count in no loss and have no residual.
    """

    graphable = False  # an epoch is many steps, most of which are CUDA graphs themselves
    not_extendable = "no search for blocks to open follows the last epoch of a training"

    def __init__(
        self,
        network: Network,
        *,
        learning_rate: float,
        weight_decay: float = 0.0,
        precision: str = "fp32",
        batch_size: int = 64,
        search_every: int = 25,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__(
            network,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            betas=(0.9, 0.999),
            loss=LOSSES["l2"],
            device=device,
            precision=precision,
        )
        self.batch_size = batch_size
        self.batch_pixels = batch_size * BLOCK**2
        self.search_every = search_every
        self.open_blocks = torch.zeros(0, dtype=torch.bool, device=self.device)  # none known

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Take epochs up to `epochs`, open blocks where that is due, and yield as `train` does."""
        blocks = ImageBlocks.of(load_all(image).to(self.device))
        self.open_blocks = self.flags_for(blocks.grid)
        rebuilt = BlockMean(blocks.grid, blocks.bands, self.device)
        step, keeping_step = self.batch_step(blocks), partial(self.step_on, blocks, rebuilt)

        def epoch_step() -> Tensor:
            rebuilt.total.zero_()
            searches = self.searches(self.epoch + 1, epochs)
            return self.take_epoch(blocks, keeping_step if searches else step)

        for epoch, loss in self.repeat(epoch_step, epochs=epochs, observed=observed):
            if self.searches(epoch, epochs):  # in place, where the graphs read it
                self.open_blocks.copy_(self.find_matching(blocks, rebuilt.image()))
            yield epoch, loss

    def searches(self, epoch: int, last: int) -> bool:
        """Return whether blocks are opened after an epoch."""
        return epoch % self.search_every == 0 and epoch < last

    def flags_for(self, grid: BlockGrid) -> Tensor:
        """Return the flags of the blocks of an image, (N,): True where open.

        Raises ValueError where they are those of an image of another size.
        """
        known = len(self.open_blocks)
        if known not in (0, len(grid)):
            raise ValueError(
                f"this method scores images of the size of the one it was fitted to, of {known} "
                f"blocks, not {grid.height}×{grid.width} pixels, which are {len(grid)}"
            )
        if known:
            return self.open_blocks
        return torch.zeros(len(grid), dtype=torch.bool, device=self.device)

    def take_epoch(self, blocks: ImageBlocks, step: Callable[[Tensor], Tensor]) -> Tensor:
        """Take a step on each batch of blocks, in random order; return as `step` does.

        The loss is the mean over all pixels, each before the step of its batch, the gradient norm
        the largest.
        """
        results, sizes = [], []
        for numbers in shuffled(len(blocks.grid)).to(self.device).split(self.batch_size):
            valid = blocks.cut_valid(numbers)
            if valid is not None and not valid.any():
                continue
            results.append(step(numbers))
            sizes.append(len(numbers) * BLOCK**2 if valid is None else valid.sum())
        losses, gradients = torch.stack(results).T
        shares = torch.as_tensor(sizes, device=self.device)
        return torch.stack([(losses * shares).sum() / shares.sum(), gradients.max()])

    def batch_step(self, blocks: ImageBlocks) -> Callable[[Tensor], Tensor]:
        """Return a step on the blocks of some numbers (n,).

        On CUDA it is a graph for each n, except for images with no-data pixels.
        """
        step = partial(self.step_on, blocks, None)
        if self.device.type != "cuda" or blocks.valid is not None:
            return step
        return graph_per_shape(step, self.device, optimiser=self.optimiser)

    def step_on(self, blocks: ImageBlocks, rebuilt: BlockMean | None, numbers: Tensor) -> Tensor:
        """Take a step on a batch of blocks, and return as `step` does.

        Outputs are added to `rebuilt`, where there is one.
        """
        return self.update(partial(self.batch_loss, blocks, rebuilt, numbers))

    def batch_loss(self, blocks: ImageBlocks, rebuilt: BlockMean | None, numbers: Tensor) -> Tensor:
        """Compute the mean squared error of a batch of blocks over its valid pixels."""
        originals, valid = blocks.cut(numbers), blocks.cut_valid(numbers)
        outputs = self.network(originals, self.open_blocks[numbers]).float()
        if rebuilt is not None:
            rebuilt.add(numbers, outputs.detach())
        if valid is None:
            return self.loss(outputs, originals)
        chosen = valid.expand_as(outputs)
        return self.loss(outputs[chosen], originals[chosen])

    @torch.no_grad()
    def find_matching(self, blocks: ImageBlocks, rebuilt: Tensor) -> Tensor:
        """Find the blocks whose reconstruction is nearest to themselves, (N,).

        `rebuilt` is the image of the means of the reconstructed blocks, (1, B, H, W).
        """
        if blocks.valid is not None:
            rebuilt = rebuilt * blocks.grid.crop(blocks.valid)
        padded = blocks.grid.pad(rebuilt)
        numbers = blocks.grid.numbers(self.device)
        return matching_blocks(partial(blocks.grid.cut, padded), blocks.cut, numbers)

    def reconstruct(self, image: Tensor) -> Tensor:
        """Reconstruct the image with the current weights and flags, as any trainer."""
        return self.rebuild(image)[0]

    @torch.inference_mode()
    def rebuild(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Rebuild all blocks; return the images of their means and of their pooled residuals.

        Both are (1, B, H, W); a residual is squared, and averaged over 5 bands and 3×3 pixels of
        its block, outside of which it is 0. Raises ValueError for an image of another size, and
        FloatingPointError where a value is not finite.
        """
        self.network.eval()
        blocks = ImageBlocks.of(image.to(self.device))
        flags = self.flags_for(blocks.grid)
        means = [BlockMean(blocks.grid, blocks.bands, self.device) for _ in range(2)]
        batches = blocks.grid.numbers(self.device).split(self.batch_size)
        for numbers in reporting(batches, self.progress):
            originals, valid = blocks.cut(numbers), blocks.cut_valid(numbers)
            with use_precision(self.precision, self.device):
                outputs = self.network(originals, flags[numbers]).float()
            residuals = (originals - outputs).square()
            residuals = residuals if valid is None else residuals * valid
            for mean, part in zip(means, (outputs, pool(residuals)), strict=True):
                mean.add(numbers, part)
        reconstruction, pooled = (mean.image().cpu() for mean in means)
        check_output(reconstruction)
        return reconstruction, pooled

    def examine(self, image: Image) -> Evidence:
        """Reconstruct an image; the own scores are the pooled residuals, summed over the bands."""
        image = load_all(image).cpu()
        reconstruction, pooled = self.rebuild(image)
        own = pooled.sum(dim=1)[0].masked_fill(no_data_mask(image)[0], torch.nan)
        return evidence_of_reconstruction(image, own, reconstruction)

    def rehearse(self, image: Tensor, *, training: bool) -> None:
        """Take a step on a batch of blocks, or reconstruct it, next to the images of an epoch."""
        grid = BlockGrid(*image.shape[2:])
        images = [torch.empty_like(image) for _ in range(IMAGES)]
        batch = torch.empty(min(self.batch_size, len(grid)), image.shape[1], BLOCK, BLOCK)
        batch = batch.to(self.device)
        if training:
            self.update(lambda: self.loss(self.network(batch).float(), batch))
            return
        with torch.inference_mode():
            images.append(self.network.eval()(batch))

    def input_shapes(self, image_shape: torch.Size) -> tuple[torch.Size, ...]:
        return (torch.Size((len(BlockGrid(*image_shape[2:])), image_shape[1], BLOCK, BLOCK)),)

    def weights(self) -> dict[str, Tensor]:
        """Return the state dict of the network, with the flags of the blocks as 0 and 1."""
        return {**super().weights(), OPEN_BLOCKS: copy_to_cpu(self.open_blocks.float())}

    def restore_weights(self, weights: Mapping[str, Tensor]) -> None:
        super().restore_weights(without_flags(weights))
        self.open_blocks = weights[OPEN_BLOCKS].bool().to(self.device)

    def load_weights(self, weights: Mapping[str, Tensor]) -> str:
        super().load_weights(without_flags(weights))
        if OPEN_BLOCKS not in weights:
            return f"all blocks are closed: it has no '{OPEN_BLOCKS}'"
        flags = weights[OPEN_BLOCKS]
        if flags.ndim != 1 or not ((flags == 0) | (flags == 1)).all():
            raise ValueError(f"its entry '{OPEN_BLOCKS}' is not a list of 0 and 1")
        self.open_blocks = flags.bool().to(self.device)
        return ""


def pool(residuals: Tensor) -> Tensor:
    """Average blocks over 5 bands and 3×3 pixels around each value, 0 outside, (n, B, 9, 9)."""
    bands, rows, columns = (size // 2 for size in POOLING)
    padded = F.pad(residuals, (columns, columns, rows, rows, bands, bands))
    return F.avg_pool3d(padded[:, None], POOLING, stride=1)[:, 0]


def without_flags(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of the network alone."""
    return {name: value for name, value in weights.items() if name != OPEN_BLOCKS}
