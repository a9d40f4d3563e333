"""Variants of the training of the preset `fast`: each takes an ingredient away, or adds one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from model.block_modes import default_mode
from model.detector import EpochFilter
from model.image import Image, load_all
from model.methods.presets import PRESETS
from model.networks.dual_branch import Branch, DualBranch
from model.networks.layers.layers import (
    DilatedBlock,
    attention_blocks,
    pointwise_head,
    pointwise_tail,
)
from model.networks.nl2net import NL2Net
from model.networks.pdbsnet import PDBSNet
from model.scoring.bands import BandStatistics
from model.scoring.evidence import Evidence
from model.trainers.fast import FastTrainer

DEFAULTS: Mapping[str, Any] = PRESETS["fast"].defaults
EPOCHS = int(DEFAULTS["epochs"])
LONG = 4 * EPOCHS


class WholeImage(FastTrainer):
    """A step sees the whole image; a quarter as many steps cost as much."""

    def random_tile(self, image: Tensor) -> Tensor:
        return image


class OneScale(FastTrainer):
    """All bands keep their one scale."""

    def band_statistics(self, image: Tensor) -> BandStatistics:
        own = BandStatistics.of(image)
        return BandStatistics(
            own.mean.mean() + 0 * own.mean, own.deviation.mean() + 0 * own.deviation
        )


class ConstantRate(FastTrainer):
    """The learning rate neither rises nor falls."""

    def learning_rate_factor(self, epoch: int, epochs: int) -> float:
        return 1.0


class Augmented(FastTrainer):
    """Tiles are turned and mirrored at random."""

    def random_tile(self, image: Tensor) -> Tensor:
        tile = super().random_tile(image)
        turned = torch.rot90(tile, int(torch.randint(4, ())), (-2, -1))
        return turned.flip(-1) if torch.rand(()) < 0.5 else turned


class AveragedWeights(FastTrainer):
    """The weights are an exponential average over the steps."""

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        average = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(0.98))
        for seen in super().take_steps(image, epochs=epochs, observed=observed):
            average.update_parameters(self.network)
            yield seen
        self.network.load_state_dict(average.module.state_dict())


class WithoutWorst(FastTrainer):
    """After a quarter of the steps the loss leaves out the 2 % of pixels with the largest error."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, loss=self.loss_of_others, **settings)

    def loss_of_others(self, output: Tensor, image: Tensor) -> Tensor:
        error = (output - image).abs()
        if self.epoch < LONG // 4:
            return error.mean()
        of_pixel = error.detach().mean(dim=1, keepdim=True)
        return (error * (of_pixel <= of_pixel.float().quantile(0.98))).mean()


class CleanBands(FastTrainer):
    """Bands in which neighbouring pixels have a correlation under one half are left out."""

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        return super().take_steps(self.clean(load_all(image)), epochs=epochs, observed=observed)

    def examine(self, image: Image) -> Evidence:
        return super().examine(self.clean(load_all(image)))

    def clean(self, image: Tensor) -> Tensor:
        centred = image - image.mean(dim=(2, 3), keepdim=True)
        products = centred[..., 1:, :] * centred[..., :-1, :], centred[..., 1:] * centred[..., :-1]
        correlation = sum(product.mean(dim=(0, 2, 3)) for product in products) / 2
        noisy = correlation < 0.5 * centred.square().mean(dim=(0, 2, 3))
        return image.masked_fill(noisy[:, None, None], 0)  # constant, so that it carries nothing


def guarded(bands: int) -> DualBranch:
    """Build NL2Net with dilation 4: a square of 5×5 pixels around a pixel is hidden from it."""
    attending = attention_blocks(default_mode(6), f_scale=2, ss_exp_factor=1)
    return DualBranch(
        head=pointwise_head(bands, 64),
        branch1=Branch(64, [DilatedBlock] * 6, dilation=4, mask="block"),
        branch2=Branch(64, attending, dilation=4, mask="block"),
        tail=pointwise_tail(128, 64, 32, bands),
        factor=2,
    )


def nl2net(bands: int) -> DualBranch:
    """Build NL2Net."""
    return NL2Net(bands=bands)


def pdbsnet(bands: int) -> DualBranch:
    """Build PDBSNet with NL2Net's factor."""
    return PDBSNet(bands=bands, factor=2)


@dataclass(frozen=True)
class Variant:
    """A training: its trainer, epochs and network."""

    trainer: type[FastTrainer] = FastTrainer
    epochs: int = EPOCHS
    network: Callable[[int], DualBranch] = nl2net


VARIANTS = {
    "fast": Variant(),
    "steps see the whole image": Variant(WholeImage, EPOCHS // 4),
    "bands not standardised": Variant(OneScale),
    "constant learning rate": Variant(ConstantRate),
    "tiles turned and mirrored": Variant(Augmented),
    "four times as many steps": Variant(epochs=LONG),
    "as many, averaged weights": Variant(AveragedWeights, LONG),
    "as many, without the worst pixels": Variant(WithoutWorst, LONG),
    "guard window": Variant(network=guarded),
    "PDBSNet": Variant(network=pdbsnet),
    "noisy bands left out": Variant(CleanBands),
}
