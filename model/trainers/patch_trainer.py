"""Base class of trainers on patches of an image, some of whose pixels are hidden."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial

import torch
from numpy.random import RandomState
from torch import Tensor

from model.detector import EpochFilter
from model.image import Image, load_all
from model.networks.network import Network
from model.nodata import fill_with_mean
from model.trainers.cuda_graph import graph_per_shape
from model.trainers.hidden_pixels import HiddenPixels
from model.trainers.losses import Loss
from model.trainers.patches import Patches
from model.trainers.shuffling import shuffled
from model.trainers.trainer import Trainer


class PatchTrainer(Trainer):
    """A trainer whose epochs take a step on every batch of patches, all patches in random order.

    There is a patch of `side`×`side` pixels around every valid pixel. The hidden pixels are drawn
    from the seed before the first epoch, and remain the same. The network reconstructs the image as
    it is, without hidden pixels; no-data pixels are the mean spectrum.
    """

    graphable = False  # an epoch is many steps, which are CUDA graphs themselves
    kept_images = 1  # the pixels that patches are cut from

    def __init__(
        self,
        network: Network,
        *,
        side: int,
        batch_size: int,
        seed: int,
        learning_rate: float,
        weight_decay: float,
        loss: str | Loss,
        device: torch.device | str = "cpu",
        precision: str = "fp32",
    ) -> None:
        optimiser = torch.optim.Adam(
            network.parameters(),
            lr=learning_rate,
            betas=(0.5, 0.999),
            weight_decay=weight_decay,
            # not on the CPU, where it rounds otherwise than the published programs: thousands of
            # small steps amplify the last bit
            fused=torch.device(device).type == "cuda",
        )
        super().__init__(
            network, loss=loss, device=device, precision=precision, optimiser=optimiser
        )
        self.side = side
        self.batch_size = batch_size
        self.batch_pixels = batch_size * side**2
        self.seed = seed

    @abstractmethod
    def draw_hidden(self, random: RandomState, patches: int) -> HiddenPixels:
        """Draw the hidden pixels of patches, one after the other."""

    def patches_of(self, image: Image) -> Patches:
        """Cut an image into patches with hidden pixels."""
        image = load_all(image)
        hidden = self.draw_hidden(RandomState(self.seed), image.shape[2] * image.shape[3])
        return Patches(image, side=self.side, hidden=hidden, device=self.device)

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Take epochs up to `epochs`, and yield as `train` does."""
        patches = self.patches_of(image)
        take = partial(self.take_epoch, self.batch_step(patches), len(patches))
        yield from self.repeat(take, epochs=epochs, observed=observed)

    def take_epoch(self, step: Callable[[Tensor], Tensor], patches: int) -> Tensor:
        """Take a step on every batch of patches, in random order; return as `step` does.

        The loss is the mean over the patches, each before the step of its batch, the gradient norm
        the largest.
        """
        batches = shuffled(patches).to(self.device).split(self.batch_size)
        losses, gradients = torch.stack([step(numbers) for numbers in batches]).T
        sizes = [len(numbers) for numbers in batches]
        shares = torch.tensor(sizes, device=self.device) / patches
        return torch.stack([(losses * shares).sum(), gradients.max()])

    def batch_step(self, patches: Patches) -> Callable[[Tensor], Tensor]:
        """Return a step on the patches of some numbers (n,); on CUDA, a graph for each n."""

        def step(numbers: Tensor) -> Tensor:
            return self.update(partial(self.batch_loss, *patches.batch(numbers)))

        if self.device.type != "cuda":
            return step
        return graph_per_shape(step, self.device, optimiser=self.optimiser)

    def batch_loss(self, inputs: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        """Compute the loss of a batch (n, B, side, side) as a mean over all of its values.

        `mask` is that of the pixels that count, (n, 1, side, side): all others count as 0.
        """
        return self.loss(mask * self.forward_pass(inputs).float(), mask * labels)

    def rehearse(self, image: Tensor, *, training: bool) -> None:
        if not training:
            super().rehearse(image, training=False)
            return
        _, bands, height, width = image.shape
        shape = min(self.batch_size, height * width), bands, self.side, self.side
        inputs, labels = (image.new_empty(shape) for _ in range(2))
        # an update takes little more
        self.find_gradients(partial(self.batch_loss, inputs, labels, labels[:, :1]))

    @torch.inference_mode()
    def reconstruct(self, image: Tensor) -> Tensor:
        # in the layout of the training and of the published programs, for the same kernels
        return super().reconstruct(fill_with_mean(image).contiguous())
