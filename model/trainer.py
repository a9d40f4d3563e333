"""Self-supervised training of a reconstruction network on one image."""

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]  # of output and image
LOSSES: dict[str, Loss] = {"l1": F.l1_loss, "l2": F.mse_loss}


class Trainer:
    """A network, its loss, its optimiser and the device they work on.

    Images are (1, B, H, W) and may be on any device; results come back on the CPU. A pixel of no
    data is NaN: the network sees 0 there, as beyond the border, and the loss does not see it.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        learning_rate: float = 1e-4,
        weight_decay: float = 1e-5,
        betas: tuple[float, float] = (0.5, 0.999),
        loss: str | Loss = "l1",
        device: torch.device | str = "cpu",
    ) -> None:
        self.device = torch.device(device)
        self.network = network.to(self.device)
        self.loss = LOSSES[loss] if isinstance(loss, str) else loss
        self.optimiser = torch.optim.Adam(
            network.parameters(), lr=learning_rate, betas=betas, weight_decay=weight_decay
        )

    def train(self, image: Tensor, *, epochs: int) -> Iterator[tuple[int, float]]:
        """Take `epochs` steps on the whole image; after each yield (epoch from 1, its loss).

        The loss is the one before the step. Raises FloatingPointError when it is not finite.
        """
        image = image.to(self.device)
        seen, known = without_gaps(image), known_pixels(image)
        target = image[:, :, known]
        self.network.train()
        for epoch in range(1, epochs + 1):
            self.optimiser.zero_grad()
            loss = self.loss(self.network(seen)[:, :, known], target)
            value = loss.item()
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"the loss is {value} at epoch {epoch}: try a smaller learning rate"
                )
            loss.backward()
            self.optimiser.step()
            yield epoch, value

    @torch.inference_mode()
    def reconstruct(self, image: Tensor) -> Tensor:
        """Rebuild the image with the weights as they are, (1, B, H, W) → (1, B, H, W).

        Pixels of no data are rebuilt too, as from 0. Raises FloatingPointError where the weights
        give anything but finite numbers.
        """
        reconstruction = self.network(without_gaps(image.to(self.device))).cpu()
        if not reconstruction.isfinite().all():
            raise FloatingPointError(
                "the weights give NaN or infinite values: try a smaller learning rate"
            )
        return reconstruction

    def weights(self) -> dict[str, Tensor]:
        """The state of the network on the CPU, as a checkpoint holds it."""
        return {
            name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()
        }


def without_gaps(image: Tensor) -> Tensor:
    """Put 0 where an image (1, B, H, W) has no data, which is NaN."""
    return image.masked_fill(image.isnan().any(dim=1, keepdim=True), 0)


def known_pixels(image: Tensor) -> Tensor | slice:
    """Index the pixels of an image (1, B, H, W) that have data: by a mask (H, W), or all of them.

    A mask makes n pixels of the image, (1, B, n); without a gap the image stays as it is.
    """
    gap = image.isnan().any(dim=1)[0]
    return ~gap if gap.any() else slice(None)
