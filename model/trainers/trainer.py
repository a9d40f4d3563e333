"""Self-supervised training of a reconstruction network on one image."""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.image import Image, load_all
from model.methods import AUTO
from model.nodata import fill_no_data, no_data_mask, select_pixels, valid_pixels
from model.precision import use_precision
from model.trainers.cuda_graph import GraphedStep, Step, StepsAhead
from model.trainers.scores import residual
from model.trainers.stopping import CHECK_EVERY, EarlyStopping

Loss = Callable[[Tensor, Tensor], Tensor]  # of output and image
EpochFilter = Callable[[int], bool]  # whether a caller looks at the trainer after an epoch


def l1_loss(output: Tensor, image: Tensor) -> Tensor:
    """The mean magnitude of the residual of two images (1, B, H, W), or of pixels (1, B, n)."""
    # F.l1_loss to the bit, in one pass over the image each way where that takes five
    return F.smooth_l1_loss(output, image, beta=torch.finfo(torch.float32).tiny)


LOSSES: dict[str, Loss] = {"l1": l1_loss, "l2": F.mse_loss}


def every_epoch(epoch: int) -> bool:
    """Look at the trainer after each epoch."""
    return True


class Trainer:
    """A network, its loss, its optimiser, and the device and precision they work in.

    Images are (1, B, H, W) and may be on any device; results come back on the CPU, in float32. A
    pixel of no data is NaN: the network sees 0 there, as beyond the border, and the loss does not
    see it.
    """

    max_epochs = 5000  # epochs of a training that finds its own end: those of the paper
    chosen_epoch: int | None = None  # what such a training has found
    extendable = True  # whether more epochs are the same training, only longer
    # whether a step changes nothing but the values of tensors, so that a CUDA graph may replay it
    graphable = True

    def __init__(
        self,
        network: nn.Module,
        *,
        learning_rate: float = 1e-4,
        weight_decay: float = 1e-5,
        betas: tuple[float, float] = (0.5, 0.999),
        loss: str | Loss = "l1",
        device: torch.device | str = "cpu",
        precision: str = "fp32",
    ) -> None:
        self.device = torch.device(device)
        self.precision = precision
        self.network = network.to(self.device)
        if self.device.type == "cuda" and precision != "fp32":  # what its kernels are made for
            self.network.to(memory_format=torch.channels_last)
        self.loss = LOSSES[loss] if isinstance(loss, str) else loss
        self.epoch = 0  # steps taken whose losses are known
        self.ahead = 0  # steps taken beyond these
        self.diverged = torch.zeros((), dtype=torch.bool, device=self.device)
        self.stopping = EarlyStopping()
        self.optimiser = torch.optim.Adam(
            network.parameters(),
            lr=learning_rate,
            betas=betas,
            weight_decay=weight_decay,
            fused=True,
        )

    def train(
        self, image: Image, *, epochs: int | str, observed: EpochFilter = every_epoch
    ) -> Iterator[tuple[int, float]]:
        """Take steps on the whole image up to `epochs`; after each yield (epoch from 1, its loss).

        The loss is the one before the step. With `AUTO` the training finds its own end. Raises
        FloatingPointError when a loss or gradient is not finite; the weights are then those before
        the step. After the epochs of `observed`, and wherever `ahead` is 0, the trainer is as
        after the step; elsewhere a CUDA device may have taken more.
        """
        if epochs == AUTO:
            yield from self.train_until_stopped(image, observed)
        else:
            yield from self.take_steps(image, epochs=int(epochs), observed=observed)

    def train_until_stopped(
        self, image: Image, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Train until the residuals no longer gather in fewer pixels, and go back to that epoch."""
        stopping = self.stopping

        def all_observed(epoch: int) -> bool:
            return epoch % CHECK_EVERY == 0 or observed(epoch)

        for epoch, loss in self.take_steps(image, epochs=self.max_epochs, observed=all_observed):
            if epoch % CHECK_EVERY == 0 and stopping.improves(epoch, self.residual_map(image)):
                stopping.best_weights = self.weights()
            yield epoch, loss
            if epoch % CHECK_EVERY == 0 and stopping.is_over(epoch):
                break
        self.network.load_state_dict(stopping.best_weights or self.weights())
        self.chosen_epoch = stopping.best_epoch

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Take a number of steps, and yield as `train` does."""
        image = load_all(image).to(self.device).contiguous(memory_format=torch.channels_last)
        seen, known = fill_no_data(image), valid_pixels(image)
        target = select_pixels(image, known)
        step = self.as_graph(lambda: self.step(seen, target, known))
        yield from self.repeat(step, epochs=epochs, observed=observed)

    def as_graph(self, step: Step) -> Step:
        """A step on the same tensors each time as a CUDA graph, where it may be one."""
        if self.device.type != "cuda" or not self.graphable:
            return step
        return GraphedStep(step, self.device, optimiser=self.optimiser)

    def repeat(
        self, step: Step, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Take a step again and again up to `epochs`, and yield as `train` does."""
        self.diverged.zero_()
        if self.device.type != "cuda" or not self.graphable:
            while self.epoch < epochs:
                yield self.record_step(*step().tolist())
            return
        steps = StepsAhead(step, self.device)
        while self.epoch < epochs:
            until = next(
                epoch for epoch in count(self.epoch + 1) if epoch == epochs or observed(epoch)
            )
            for loss, gradient in steps.results(until - self.epoch):
                self.ahead = steps.launched
                yield self.record_step(loss, gradient)

    def record_step(self, loss: float, gradient: float) -> tuple[int, float]:
        """Count a step that gave this loss and gradient; return its epoch and loss.

        Raises FloatingPointError where they are not finite.
        """
        epoch = self.epoch + 1
        for name, value in (("loss", loss), ("gradient", gradient)):
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"the {name} is {value} at epoch {epoch}, before any weight was changed by it: "
                    f"the likely cause is the learning rate, try a smaller learning rate"
                )
        self.epoch = epoch
        return epoch, loss

    def step(self, seen: Tensor, target: Tensor, known: Tensor | None) -> Tensor:
        """Lower the loss on an image once; return the loss and the gradient's norm before, (2,).

        Nothing in it waits for the device. Where one of them is not finite it changes no weight.
        """
        self.network.train()
        self.optimiser.zero_grad()
        with use_precision(self.precision, self.device):
            output = self.forward_pass(seen)
            loss = self.loss(select_pixels(output.float(), known), target)
            loss.backward()
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        taken = torch.stack([loss.detach(), nn.utils.get_total_norm(gradients)])
        # how fused optimisers learn, without a look at the value, to leave the weights alone: from
        # the first step that is not finite on, since more may be queued behind it
        self.diverged |= (~taken.isfinite()).any()
        self.optimiser.found_inf = self.diverged.float()  # type: ignore[attr-defined]
        self.optimiser.step()
        return taken

    def tile_step(self, *, complete: bool | None = None) -> Callable[[Tensor], Tensor]:
        """A step on any tile; on CUDA one graph for all tiles of a size that have all data.

        `complete` tells whether all tiles have, None that each has to be looked at.
        """
        if self.device.type != "cuda" or not self.graphable:
            return self.step_on_tile
        steps: dict[torch.Size, tuple[Tensor, Step]] = {}

        def take(tile: Tensor) -> Tensor:
            if not (no_data_mask(tile).logical_not().all() if complete is None else complete):
                return self.step_on_tile(tile)
            if tile.shape not in steps:
                steps[tile.shape] = self.step_on_buffer(tile.shape)
            buffer, step = steps[tile.shape]
            buffer.copy_(tile)
            return step()

        return take

    def step_on_buffer(self, shape: torch.Size) -> tuple[Tensor, Step]:
        """A tensor of this shape, and a step on what is in it, as a CUDA graph."""
        buffer = torch.empty(shape, device=self.device, memory_format=torch.channels_last)
        return buffer, self.as_graph(lambda: self.step(buffer, buffer, None))

    def step_on_tile(self, tile: Tensor) -> Tensor:
        """As `step` on a part of an image; one without data teaches nothing, its loss is 0."""
        tile = tile.to(self.device).contiguous(memory_format=torch.channels_last)
        known = valid_pixels(tile)
        if known is not None and not len(known):
            return torch.zeros(2)
        return self.step(fill_no_data(tile), select_pixels(tile, known), known)

    def forward_pass(self, seen: Tensor) -> Tensor:
        """Pass an image without gaps through the network."""
        return self.network(seen)

    @torch.inference_mode()
    def reconstruct(self, image: Tensor) -> Tensor:
        """Rebuild the image with the weights as they are, (1, B, H, W) → (1, B, H, W).

        Pixels of no data are rebuilt too, as from 0. Raises FloatingPointError where the weights
        give anything but finite numbers.
        """
        self.network.eval()
        with use_precision(self.precision, self.device):
            reconstruction = self.forward_pass(fill_no_data(image.to(self.device))).float().cpu()
        if not math.isfinite(reconstruction.sum()):
            raise FloatingPointError(
                "the weights give NaN or infinite values: try a smaller learning rate"
            )
        return reconstruction

    def detect(self, image: Image) -> tuple[Tensor, Tensor | None]:
        """Score every pixel of an image by how badly it is rebuilt.

        Returns the scores (H, W) and the reconstruction (1, B, H, W), None where it is too large to
        be kept. Raises ValueError where the network does not rebuild images of this size, and
        FloatingPointError as `reconstruct` does.
        """
        image = load_all(image)
        reconstruction = self.reconstruct(image)
        if reconstruction.shape != image.shape:
            sizes = ["×".join(map(str, of.shape[2:])) for of in (reconstruction, image)]
            raise ValueError(
                f"this method rebuilds the image it was fitted to, {sizes[0]}, not {sizes[1]}"
            )
        return residual(image.cpu(), reconstruction), reconstruction

    def residual_map(self, image: Image) -> Tensor:
        """How badly every pixel is rebuilt, (H, W)."""
        return self.detect(image)[0]

    def warning(self, image: Image) -> str:
        """What to know about the scores of an image, in a sentence without an end; or nothing."""
        return ""

    def state(self) -> dict[str, Any]:
        """All that the rest of a training depends on, but for the states of random numbers."""
        return {
            "epoch": self.epoch,
            "weights": self.weights(),
            "optimiser": copy_to_cpu(self.optimiser.state_dict()),
            "settling": self.stopping.state(),
            "chosen_epoch": self.chosen_epoch,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state` of a trainer with the same options."""
        self.epoch, self.chosen_epoch = state["epoch"], state["chosen_epoch"]
        self.network.load_state_dict(state["weights"])
        self.restore_optimiser(state["optimiser"])
        self.stopping.restore(state["settling"])

    def weights(self) -> dict[str, Tensor]:
        """The state of the network on the CPU, as a checkpoint holds it."""
        return copy_to_cpu(self.network.state_dict())

    def restore_optimiser(self, state: Mapping[str, Any]) -> None:
        """Give the optimiser its averages back, laid out as the weights of this device are.

        What it is set to, such as its learning rate, stays that of this trainer.
        """
        own = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": state["state"], "param_groups": own})
        for parameter, averages in self.optimiser.state.items():
            for name, value in averages.items():
                if value.shape == parameter.shape:
                    averages[name] = torch.empty_like(parameter).copy_(value)


def copy_to_cpu(values: Any) -> Any:
    """Copy tensors, and what holds them, to the CPU, each in the order of its dimensions."""
    if isinstance(values, Tensor):
        return torch.empty(values.shape, dtype=values.dtype).copy_(values.detach())
    if isinstance(values, Mapping):
        return {key: copy_to_cpu(value) for key, value in values.items()}
    return [copy_to_cpu(value) for value in values] if isinstance(values, list) else values


def max_epochs(trainer: Trainer, epochs: int | str) -> int:
    """How many epochs a training can have: `max_epochs` where it finds its own end."""
    return trainer.max_epochs if epochs == AUTO else int(epochs)
