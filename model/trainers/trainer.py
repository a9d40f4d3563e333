"""Self-supervised training of a reconstruction network on one image."""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.detector import Detector, Looks, every_epoch
from model.image import Image, whole
from model.methods import AUTO
from model.nodata import gaps, known_pixels, of_pixels, without_gaps
from model.precision import computing_in
from model.trainers.cuda_graph import GraphedStep, Step, StepsAhead
from model.trainers.scores import residual
from model.trainers.stopping import EVERY, Settling

Loss = Callable[[Tensor, Tensor], Tensor]  # of output and image


def l1_loss(output: Tensor, image: Tensor) -> Tensor:
    """The mean magnitude of the residual of two images (1, B, H, W), or of pixels (1, B, n)."""
    # F.l1_loss to the bit, in one pass over the image each way where that takes five
    return F.smooth_l1_loss(output, image, beta=torch.finfo(torch.float32).tiny)


LOSSES: dict[str, Loss] = {"l1": l1_loss, "l2": F.mse_loss}


class Trainer(Detector):
    """A network, its loss, its optimiser, and the device and precision they work in.

    Images are (1, B, H, W) and may be on any device; results come back on the CPU, in float32. A
    pixel of no data is NaN: the network sees 0 there, as beyond the border, and the loss does not
    see it.
    """

    longest = 5000  # epochs of a training that finds its own end: those of the paper
    can_be_prolonged = True  # whether more epochs are the same training, only longer
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
        self.broken = torch.zeros((), dtype=torch.bool, device=self.device)
        self.settling = Settling()
        self.optimiser = torch.optim.Adam(
            network.parameters(),
            lr=learning_rate,
            betas=betas,
            weight_decay=weight_decay,
            fused=True,
        )

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.network.parameters())

    def train(
        self, image: Image, *, epochs: int | str, looks: Looks = every_epoch
    ) -> Iterator[tuple[int, float]]:
        """Take steps on the whole image up to `epochs`; after each yield (epoch from 1, its loss).

        The loss is the one before the step. With `AUTO` the training finds its own end. Raises
        FloatingPointError when a loss or gradient is not finite; the weights are then those before
        the step. After the epochs that `looks` names, and wherever `ahead` is 0, the trainer is as
        after the step; elsewhere a CUDA device may have taken more.
        """
        if epochs == AUTO:
            yield from self.train_until_settled(image, looks)
        else:
            yield from self.take_steps(image, epochs=int(epochs), looks=looks)

    def train_until_settled(self, image: Image, looks: Looks) -> Iterator[tuple[int, float]]:
        """Train until the residuals no longer gather in fewer pixels, and go back to that epoch."""
        settling = self.settling

        def all_looks(epoch: int) -> bool:
            return epoch % EVERY == 0 or looks(epoch)

        for epoch, loss in self.take_steps(image, epochs=self.longest, looks=all_looks):
            if epoch % EVERY == 0 and settling.improves(epoch, self.residuals(image)):
                settling.best_weights = self.weights()
            yield epoch, loss
            if epoch % EVERY == 0 and settling.is_over(epoch):
                break
        self.network.load_state_dict(settling.best_weights or self.weights())
        self.chosen_epoch = settling.best_epoch

    def take_steps(self, image: Image, *, epochs: int, looks: Looks) -> Iterator[tuple[int, float]]:
        """Take a number of steps, and yield as `train` does."""
        image = whole(image).to(self.device).contiguous(memory_format=torch.channels_last)
        seen, known = without_gaps(image), known_pixels(image)
        target = of_pixels(image, known)
        step = self.graphed(lambda: self.step(seen, target, known))
        yield from self.follow(step, epochs=epochs, looks=looks)

    def graphed(self, step: Step) -> Step:
        """A step on the same tensors each time as a CUDA graph, where it may be one."""
        if self.device.type != "cuda" or not self.graphable:
            return step
        return GraphedStep(step, self.device, optimiser=self.optimiser)

    def follow(self, step: Step, *, epochs: int, looks: Looks) -> Iterator[tuple[int, float]]:
        """Take a step again and again up to `epochs`, and yield as `train` does."""
        self.broken.zero_()
        if self.device.type != "cuda" or not self.graphable:
            while self.epoch < epochs:
                yield self.counted(*step().tolist())
            return
        steps = StepsAhead(step, self.device)
        while self.epoch < epochs:
            until = next(
                epoch for epoch in count(self.epoch + 1) if epoch == epochs or looks(epoch)
            )
            for loss, gradient in steps.results(until - self.epoch):
                self.ahead = steps.launched
                yield self.counted(loss, gradient)

    def counted(self, loss: float, gradient: float) -> tuple[int, float]:
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
        with computing_in(self.precision, self.device):
            output = self.rebuild(seen)
            loss = self.loss(of_pixels(output.float(), known), target)
            loss.backward()
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        taken = torch.stack([loss.detach(), nn.utils.get_total_norm(gradients)])
        # how fused optimisers learn, without a look at the value, to leave the weights alone: from
        # the first step that is not finite on, since more may be queued behind it
        self.broken |= (~taken.isfinite()).any()
        self.optimiser.found_inf = self.broken.float()  # type: ignore[attr-defined]
        self.optimiser.step()
        return taken

    def tile_step(self, *, complete: bool | None = None) -> Callable[[Tensor], Tensor]:
        """A step on any tile; on CUDA one graph for all tiles of a size that have all data.

        `complete` tells whether all tiles have, None that each has to be looked at.
        """
        if self.device.type != "cuda" or not self.graphable:
            return self.step_on
        steps: dict[torch.Size, tuple[Tensor, Step]] = {}

        def take(tile: Tensor) -> Tensor:
            if not (gaps(tile).logical_not().all() if complete is None else complete):
                return self.step_on(tile)
            if tile.shape not in steps:
                steps[tile.shape] = self.step_on_buffer(tile.shape)
            buffer, step = steps[tile.shape]
            buffer.copy_(tile)
            return step()

        return take

    def step_on_buffer(self, shape: torch.Size) -> tuple[Tensor, Step]:
        """A tensor of this shape, and a step on what is in it, as a CUDA graph."""
        buffer = torch.empty(shape, device=self.device, memory_format=torch.channels_last)
        return buffer, self.graphed(lambda: self.step(buffer, buffer, None))

    def step_on(self, tile: Tensor) -> Tensor:
        """As `step` on a part of an image; one without data teaches nothing, its loss is 0."""
        tile = tile.to(self.device).contiguous(memory_format=torch.channels_last)
        known = known_pixels(tile)
        if known is not None and not len(known):
            return torch.zeros(2)
        return self.step(without_gaps(tile), of_pixels(tile, known), known)

    def rebuild(self, seen: Tensor) -> Tensor:
        """Pass an image without gaps through the network."""
        return self.network(seen)

    @torch.inference_mode()
    def reconstruct(self, image: Tensor) -> Tensor:
        """Rebuild the image with the weights as they are, (1, B, H, W) → (1, B, H, W).

        Pixels of no data are rebuilt too, as from 0. Raises FloatingPointError where the weights
        give anything but finite numbers.
        """
        self.network.eval()
        with computing_in(self.precision, self.device):
            reconstruction = self.rebuild(without_gaps(image.to(self.device))).float().cpu()
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
        image = whole(image)
        reconstruction = self.reconstruct(image)
        if reconstruction.shape != image.shape:
            sizes = ["×".join(map(str, of.shape[2:])) for of in (reconstruction, image)]
            raise ValueError(
                f"this method rebuilds the image it was fitted to, {sizes[0]}, not {sizes[1]}"
            )
        return residual(image.cpu(), reconstruction), reconstruction

    def residuals(self, image: Image) -> Tensor:
        """How badly every pixel is rebuilt, (H, W)."""
        return self.detect(image)[0]

    def state(self) -> dict[str, Any]:
        """All that the rest of a training depends on, but for the states of random numbers."""
        return {
            "epoch": self.epoch,
            "weights": self.weights(),
            "optimiser": copied(self.optimiser.state_dict()),
            "settling": self.settling.state(),
            "chosen_epoch": self.chosen_epoch,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state` of a trainer with the same options."""
        self.epoch, self.chosen_epoch = state["epoch"], state["chosen_epoch"]
        self.network.load_state_dict(state["weights"])
        self.restore_optimiser(state["optimiser"])
        self.settling.restore(state["settling"])

    def weights(self) -> dict[str, Tensor]:
        """The state of the network on the CPU, as a checkpoint holds it."""
        return copied(self.network.state_dict())

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


def copied(values: Any) -> Any:
    """Copy tensors, and what holds them, to the CPU, each in the order of its dimensions."""
    if isinstance(values, Tensor):
        return torch.empty(values.shape, dtype=values.dtype).copy_(values.detach())
    if isinstance(values, Mapping):
        return {key: copied(value) for key, value in values.items()}
    return [copied(value) for value in values] if isinstance(values, list) else values


def most_epochs(trainer: Detector, epochs: int | str) -> int:
    """How many epochs a training can have: `longest` where it finds its own end."""
    return trainer.longest if epochs == AUTO else int(epochs)
