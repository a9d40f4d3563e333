"""Trainer of Super-AD: each step sees the errors of the one before, and leaves out its outliers."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from model.detector import EpochFilter
from model.image import Image, load_all
from model.networks.superad import OUTSIDE, SuperAD
from model.nodata import fill_no_data, select_pixels, valid_pixels
from model.precision import use_precision
from model.trainers.keeping import LAST, KeepingTrainer
from model.trainers.outlying_pixels import counted_pixels
from model.trainers.superpixels import superpixels


class SuperADTrainer(KeepingTrainer):
    """Trainer of Super-AD, which scores pixels by the output of the last step.

    The loss ℓ of a pixel follows from its mean absolute error a: exp(βa)/β + αa for `obpm`, with
    β = `steepness` and α = `linear_weight`, a for `l1`, a² for `l2`. Within each of about
    `segments` superpixels, outliers of ℓ do not count.
    """

    network: SuperAD

    def __init__(
        self,
        network: SuperAD,
        *,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        segments: int = 100,
        pixel_loss: str = "obpm",
        linear_weight: float = 1.0,
        steepness: float = 1.0,
        kept_share: float = 0.25,
        decay_every: int = 100,
        decay: float = 0.8,
        device: torch.device | str = "cpu",
        precision: str = "fp32",
    ) -> None:
        super().__init__(
            network,
            optimiser=torch.optim.AdamW(
                network.parameters(), lr=learning_rate, betas=(0.5, 0.8), weight_decay=weight_decay
            ),
            loss=self.mean_loss,
            device=device,
            precision=precision,
        )
        self.learning_rate, self.decay_every, self.decay = learning_rate, decay_every, decay
        self.number_of_segments, self.kept_share = segments, kept_share
        self.pixel_loss, self.linear_weight, self.steepness = pixel_loss, linear_weight, steepness
        self.segments: Tensor | None = None  # (H, W), −1 for no-data pixels

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Take steps as any trainer, on the image and its segments."""
        image = load_all(image).contiguous()
        if self.segments is None:
            self.segments = superpixels(image, number=self.number_of_segments).to(self.device)
        image = image.to(self.device)
        valid = valid_pixels(image)
        inputs, target = fill_no_data(image), select_pixels(image, valid)
        yield from self.repeat(
            lambda: self.step(inputs, target, valid), epochs=epochs, observed=observed
        )

    def step(self, inputs: Tensor, target: Tensor, valid: Tensor | None) -> Tensor:
        """Take one step as any trainer, at a learning rate that decays in stairs."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate * self.decay ** (self.epoch // self.decay_every)
        return super().step(inputs, target, valid)

    def forward_pass(self, inputs: Tensor) -> Tensor:
        """Reconstruct the image, given the errors of the last step if there was one."""
        error = None
        if LAST in self.kept:
            error = error_map(self.kept[LAST], inputs, self.segments)
        output = self.network(inputs, error, self.segments)
        self.keep(output)
        return output

    def mean_loss(self, output: Tensor, image: Tensor) -> Tensor:
        """Sum the losses of the pixels that count, divided by the number of all valid ones."""
        losses = self.losses_of((output - image).abs().mean(dim=1).flatten())
        return (losses * self.counted(losses.detach())).sum() / len(losses)

    def losses_of(self, errors: Tensor) -> Tensor:
        """Compute the loss of each pixel from its mean absolute error, (n,) → (n,)."""
        if self.pixel_loss == "l1":
            return errors
        if self.pixel_loss == "l2":
            return errors.square()
        rising = (self.steepness * errors).exp() / self.steepness
        return rising + self.linear_weight * errors

    def counted(self, losses: Tensor) -> Tensor:
        """Select the valid pixels whose losses (n,) count."""
        assert self.segments is not None
        numbers = self.segments[self.segments >= 0]
        mask = counted_pixels(
            losses.cpu().numpy(), numbers.cpu().numpy(), kept_share=self.kept_share
        )
        return torch.from_numpy(mask).to(self.device)

    def pass_over(self, image: Tensor) -> Tensor:
        segments = superpixels(image, number=self.number_of_segments).to(self.device)
        inputs = fill_no_data(image.to(self.device))
        with use_precision(self.precision, self.device):
            first = self.network.eval()(inputs, segments=segments)
            return self.network(inputs, error_map(first, inputs, segments), segments)

    def input_shapes(self, image_shape: torch.Size) -> tuple[torch.Size, ...]:
        return image_shape, image_shape[2:]

    def rehearse(self, image: Tensor, *, training: bool) -> None:
        self.kept = {LAST: image}  # so that the pass is that of a later step
        super().rehearse(image, training=training)

    def state(self) -> dict[str, Any]:
        segments = None if self.segments is None else self.segments.cpu()
        return {**super().state(), "segments": segments}

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        segments = state["segments"]
        self.segments = None if segments is None else segments.to(self.device, torch.int64)


def error_map(output: Tensor, image: Tensor, segments: Tensor | None) -> Tensor:
    """Average the absolute errors of each pixel over the bands, (1, B, H, W) → (H, W).

    Pixels without a segment have the error of those outside the image.
    """
    error = (output.detach().float() - image).abs().mean(dim=1)[0]
    return error if segments is None else error.masked_fill(segments < 0, OUTSIDE)
