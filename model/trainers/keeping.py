"""Base class of trainers whose scores follow from outputs of their training."""

from collections.abc import Mapping

import torch
from torch import Tensor

from model.image import Image
from model.networks.network import Network
from model.networks.weights import refuse_earlier
from model.trainers.losses import Loss
from model.trainers.states import copy_to_cpu
from model.trainers.trainer import Trainer, check_output

LAST = "last"  # the output of the last step
PREFIX = "kept."  # of the names of outputs among the weights


class KeepingTrainer(Trainer):
    """A trainer that keeps outputs of its steps, and scores an image by them.

    A pass with the final weights would give others: it would see other noise, or other errors of
    the step before. The outputs are saved with the weights. Without them, as with the weights of
    another program, `pass_over` the image takes their place.

    Its optimiser is that of the published programs, which is not fused: these trainings amplify
    rounding, so that another order of the same operations soon gives other weights.
    """

    graphable = False  # its steps depend on their number, which a CUDA graph would freeze
    kept_images = 1

    def __init__(
        self,
        network: Network,
        *,
        optimiser: torch.optim.Optimizer,
        loss: Loss,
        device: torch.device | str,
        precision: str,
    ) -> None:
        super().__init__(
            network, loss=loss, device=device, precision=precision, optimiser=optimiser
        )
        self.kept: dict[str, Tensor] = {}  # outputs (1, B, H, W) by name, on the device

    def keep(self, output: Tensor) -> None:
        """Keep the output of a step as the last one."""
        self.kept[LAST] = output.detach().float().contiguous()

    def rehearse(self, image: Tensor, *, training: bool) -> None:
        if not training:
            super().rehearse(image, training=False)
            return
        self.find_gradients(lambda: (self.forward_pass(image).float() - image).square().mean())

    def pass_over(self, image: Tensor) -> Tensor:
        """Reconstruct the image (1, B, H, W) with the weights alone; draws no random numbers."""
        raise NotImplementedError

    @torch.inference_mode()
    def reconstruct(self, image: Tensor) -> Tensor:
        """Return the output of the last step, or that of `pass_over`, (1, B, H, W), on the CPU.

        Raises FloatingPointError where a value is not finite.
        """
        output = self.kept[LAST] if LAST in self.kept else self.pass_over(image).float()
        check_output(output)
        return output.cpu()

    def warning(self, image: Image) -> str:
        if self.kept:
            return ""
        return "no output of the training is with these weights: scored by one more pass"

    def weights(self) -> dict[str, Tensor]:
        """Return the state dict of the network with the kept outputs, on the CPU."""
        outputs = {f"{PREFIX}{name}": output for name, output in self.kept.items()}
        return {**super().weights(), **copy_to_cpu(outputs)}

    def restore_weights(self, weights: Mapping[str, Tensor]) -> None:
        refuse_earlier(self.network, weights)
        super().restore_weights(self.take_kept(weights))

    def load_weights(self, weights: Mapping[str, Tensor]) -> str:
        return super().load_weights(self.take_kept(weights))

    def take_kept(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Keep the outputs among weights; return the other entries.

        Raises ValueError where one is no image of finite numbers.
        """
        outputs = {name: value for name, value in weights.items() if name.startswith(PREFIX)}
        for name, output in outputs.items():
            if output.ndim != 4 or not output.isfinite().all():
                raise ValueError(f"its entry '{name}' is no image of finite numbers")
        self.kept = {
            name.removeprefix(PREFIX): output.to(self.device, torch.float32)
            for name, output in outputs.items()
        }
        return {name: value for name, value in weights.items() if name not in outputs}
