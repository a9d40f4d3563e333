"""Self-supervised training of a reconstruction network on one image."""

import math
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn

from model.detector import Detector, EpochFilter, every_epoch
from model.image import Image, load_all
from model.networks.network import Network
from model.networks.weights import load_strictly
from model.nodata import fill_no_data, select_pixels, valid_pixels
from model.precision import use_precision
from model.scores import SCORES
from model.scoring.averaging import MapAverage
from model.scoring.evidence import Evidence, evidence_of_reconstruction
from model.scoring.residuals import residual
from model.trainers.cuda_graph import GraphedStep, Step, StepsAhead
from model.trainers.losses import LOSSES, Loss
from model.trainers.passes import reporting_layers
from model.trainers.states import copy_to_cpu, restore_optimiser


class Trainer(Detector):
    """A network with its loss, optimiser, device and precision.

    Images are (1, B, H, W) and may be on any device; results are on the CPU, in float32. No-data
    pixels are NaN: the input of the network is 0 there, as outside the image, and the loss ignores
    them. An `optimiser` of its own takes the place of Adam with the settings given.
    """

    not_extendable = ""  # the reason where the first epochs depend on the number of epochs
    # whether a step changes only the values of tensors, so that a CUDA graph can replay it
    graphable = True
    kept_images = 0  # images of the scene's size that are kept from one step to the next
    holds_image = True  # whether the whole image is in memory, and not read window by window
    batch_pixels = 0  # pixels of a batch, for a network on parts of the image

    def __init__(
        self,
        network: Network,
        *,
        learning_rate: float = 1e-4,
        weight_decay: float = 1e-5,
        betas: tuple[float, float] = (0.5, 0.999),
        loss: str | Loss = "l1",
        device: torch.device | str = "cpu",
        precision: str = "fp32",
        optimiser: torch.optim.Optimizer | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.precision = precision
        self.network = network.to(self.device)
        if self.device.type == "cuda":  # the layout of its kernels
            self.network.to(memory_format=torch.channels_last)
        self.loss = LOSSES[loss] if isinstance(loss, str) else loss
        self.epoch = 0  # steps whose losses have been read
        self.ahead = 0  # further steps that are queued on the device
        self.diverged = torch.zeros((), dtype=torch.bool, device=self.device)
        self.average = MapAverage()
        self.optimiser: torch.optim.Optimizer = optimiser or torch.optim.Adam(
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
        self, image: Image, *, epochs: int | str, observed: EpochFilter = every_epoch
    ) -> Iterator[tuple[int, float]]:
        """Take one step per epoch on the whole image up to `epochs`; yield (epoch from 1, loss).

        The loss is that before the step. `auto` stands for `auto_epochs`. Raises FloatingPointError
        where a loss or gradient is not finite; the weights are then those before the step. After
        the epochs of `observed`, and wherever `ahead` is 0, weights and optimiser are those after
        the step; elsewhere a CUDA device may have taken further steps.
        """

        def all_observed(epoch: int) -> bool:
            return self.average.is_due(epoch) or observed(epoch)

        last = self.last_epoch(epochs)
        for epoch, loss in self.take_steps(image, epochs=last, observed=all_observed):
            if self.average.is_due(epoch):
                self.average.add(self.magnitudes(image))
            yield epoch, loss

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Take steps up to `epochs`, and yield as `train` does."""
        image = load_all(image).to(self.device).contiguous(memory_format=torch.channels_last)
        inputs, valid = fill_no_data(image), valid_pixels(image)
        target = select_pixels(image, valid)
        step = self.as_graph(lambda: self.step(inputs, target, valid))
        yield from self.repeat(step, epochs=epochs, observed=observed)

    def as_graph(self, step: Step) -> Step:
        """Turn a step on always the same tensors into a CUDA graph, where that is possible."""
        if self.device.type != "cuda" or not self.graphable:
            return step
        return GraphedStep(step, self.device, optimiser=self.optimiser)

    def repeat(
        self, step: Step, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Repeat a step up to `epochs`, and yield as `train` does."""
        self.diverged.zero_()
        if self.device.type != "cuda" or not self.graphable:
            while self.epoch < epochs:
                yield self.record_step(*step().tolist())
            return
        steps = StepsAhead(step, self.device)
        while self.epoch < epochs:
            next_observed = next(
                epoch for epoch in count(self.epoch + 1) if epoch == epochs or observed(epoch)
            )
            for loss, gradient in steps.results(next_observed - self.epoch):
                self.ahead = steps.launched
                yield self.record_step(loss, gradient)

    def record_step(self, loss: float, gradient: float) -> tuple[int, float]:
        """Count a step with this loss and gradient norm; return its epoch and loss.

        Raises FloatingPointError where one of them is not finite.
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

    def step(self, inputs: Tensor, target: Tensor, valid: Tensor | None) -> Tensor:
        """Take one step on an image; return loss and gradient norm before it, (2,), on the device.

        `target` holds the `valid` pixels only (model/nodata.py).
        """

        def find_loss() -> Tensor:
            output = self.forward_pass(inputs)
            return self.loss(select_pixels(output.float(), valid), target)

        return self.update(find_loss)

    def update(self, find_loss: Step) -> Tensor:
        """Take one step against the gradient of a loss; return as `step` does.

        Changes no weight where the loss or gradient is not finite.
        """
        results = self.find_gradients(find_loss)
        self.diverged |= (~results.isfinite()).any()
        self.update_weights()
        return results

    def find_gradients(self, find_loss: Step) -> Tensor:
        """Compute the gradients of a loss; return as `step` does."""
        self.network.train()
        self.optimiser.zero_grad()
        with use_precision(self.precision, self.device):
            loss = find_loss()
            loss.backward()
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        return torch.stack([loss.detach(), nn.utils.get_total_norm(gradients)])

    def update_weights(self) -> None:
        """Update the weights by their gradients, unless a step was not finite.

        Synchronises with the device only for an optimiser that is not fused.
        """
        if self.optimiser.defaults["fused"]:
            # fused optimisers skip the update where `found_inf` is 1, without synchronisation: from
            # the first step that is not finite on, since further steps may be queued behind it
            self.optimiser.found_inf = self.diverged.float()  # type: ignore[attr-defined]
            self.optimiser.step()
        elif not self.diverged:
            self.optimiser.step()

    def forward_pass(self, inputs: Tensor) -> Tensor:
        """Pass an image without NaN through the network."""
        return self.network(inputs)

    @torch.inference_mode()
    def reconstruct(self, image: Tensor) -> Tensor:
        """Reconstruct the image with the current weights, (1, B, H, W) → (1, B, H, W).

        No-data pixels are reconstructed too, from inputs of 0. Raises FloatingPointError where a
        value is not finite.
        """
        self.network.eval()
        with use_precision(self.precision, self.device):
            reconstruction = self.forward_pass(fill_no_data(image.to(self.device))).float().cpu()
        check_output(reconstruction)
        return reconstruction

    def examine(self, image: Image) -> Evidence:
        """Reconstruct an image, and score it by its residuals.

        Raises ValueError where the network does not reconstruct images of this size, and
        FloatingPointError as `reconstruct` does.
        """
        image = load_all(image).cpu()
        with reporting_layers(self.network, self.progress):
            reconstruction = self.reconstruct(image)
        if reconstruction.shape != image.shape:
            sizes = ["×".join(map(str, part.shape[2:])) for part in (reconstruction, image)]
            raise ValueError(
                f"this method reconstructs the image it was fitted to, {sizes[0]}, not {sizes[1]}"
            )

        own = self.own_scores(image, reconstruction)
        return evidence_of_reconstruction(image, own, reconstruction)

    def own_scores(self, image: Tensor, reconstruction: Tensor) -> Tensor:
        """Score every pixel of an image by its reconstruction, both (1, B, H, W) → (H, W)."""
        return residual(image, reconstruction)

    def magnitudes(self, image: Image) -> Tensor:
        """Score every pixel as `detect`, whatever the size of objects, in units of a residual."""
        scores = self.scoring.map_of(self.examine(image))
        return scores.sqrt() if SCORES[self.scoring.score].squared else scores

    def detect_trained(self, image: Image) -> tuple[Tensor, Tensor | None]:
        average = self.average.map
        if average is None:
            return self.detect(image)
        return self.scoring.emphasise(average), self.examine(image).reconstruction

    def rehearse(self, image: Tensor, *, training: bool) -> None:
        """Take a step on an image without values, or reconstruct it, to count the memory."""
        if training:
            self.step(image, image, None)
            return
        self.network.eval()
        with torch.inference_mode():
            self.forward_pass(image)

    def step_shape(self, image_shape: torch.Size, *, training: bool) -> torch.Size:
        """Return the shape (1, B, h, w) of the part of an image that `rehearse` is to take."""
        return image_shape

    def input_shapes(self, image_shape: torch.Size) -> tuple[torch.Size, ...]:
        """Return the shapes of all that the network takes for a reconstruction."""
        return (image_shape,)

    def state(self) -> dict[str, Any]:
        """Return everything that the rest of a training depends on, except random states."""
        return {
            "epoch": self.epoch,
            "weights": self.weights(),
            "optimiser": copy_to_cpu(self.optimiser.state_dict()),
            "average": self.average.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a `state` of a trainer with the same options."""
        self.epoch = state["epoch"]
        self.restore_weights(state["weights"])
        restore_optimiser(self.optimiser, state["optimiser"])
        if self.average.every:  # states of before November 2026 have none
            self.average.restore(state["average"])

    def weights(self) -> dict[str, Tensor]:
        """Return the state dict of the network on the CPU, as in a checkpoint."""
        return copy_to_cpu(self.network.state_dict())

    def restore_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Restore `weights` of a trainer with the same options."""
        self.network.load_state_dict(weights)

    def load_weights(self, weights: Mapping[str, Tensor]) -> str:
        """Take the weights of a checkpoint; return a note where something is missing.

        Raises ValueError where they do not fit.
        """
        load_strictly(self.network, weights)
        return ""


def check_output(output: Tensor) -> None:
    """Raise FloatingPointError where a value of a reconstruction is not finite."""
    if not math.isfinite(output.sum()):
        raise FloatingPointError(
            "the weights give NaN or infinite values: try a smaller learning rate"
        )
