"""From a method's name and options to what does its work."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.detectors.crd import collaborative_representation
from model.detectors.rx import Background, background_of, global_rx, local_rx
from model.methods import FACTORS, RECIPE
from model.networks.apbsn import APBSN, SSBSN
from model.networks.autoad import AutoAD
from model.networks.blind_spot import BlindSpotNetwork
from model.networks.bocknet import BockNet
from model.networks.nl2net import NL2Net
from model.networks.pdbsnet import PDBSNet
from model.networks.punnet import PUNNet
from model.precision import available_precision
from model.trainers.autoad import AutoADTrainer
from model.trainers.fast import FastTrainer
from model.trainers.tiled import TiledTrainer
from model.trainers.trainer import Trainer

# The blind-spot networks, by the methods that train them.
NETWORKS: dict[str, Callable[..., BlindSpotNetwork]] = {
    "nl2net": NL2Net,
    "lfeb": partial(NL2Net, non_local=False),
    "nlfeb": partial(NL2Net, local=False),
    "pixel_mask": partial(NL2Net, mask="pixel"),
    "apbsn": APBSN,
    "ssbsn": SSBSN,
    "pdbsnet": PDBSNet,
    "bocknet": BockNet,
    "punnet": PUNNet,
}
# What the networks call those of their options that have another name on the command line.
ARGUMENTS = {"nch_ker": "channels", "nblk": "depth", "blindspot": "guard_window"}
PRESET_TRAINERS = {"paper": Trainer, "fast": FastTrainer}
# The methods that need no training: a cube (H, W, B) and their options → scores (H, W).
DETECTORS: dict[str, Callable[..., Tensor]] = {
    "rx": global_rx,
    "lrx": local_rx,
    "crd": collaborative_representation,
}
# Those of them whose background can be kept, to score other cubes by their distance to it.
FITTED: dict[str, Callable[..., Background]] = {"rx": background_of}


def detector_scores(
    method: str, cube: NDArray[np.float32], *, device: torch.device, options: Mapping[str, Any]
) -> NDArray[np.float64]:
    """Score the pixels of a cube (H, W, B) by a method that needs no training, (H, W).

    Raises ValueError where the options do not suit the image.
    """
    return DETECTORS[method](torch.from_numpy(cube).to(device), **options).cpu().numpy()


def build_trainer(
    method: str, image_shape: torch.Size, *, device: torch.device, options: Mapping[str, Any]
) -> Trainer:
    """Draw the initial weights of a method that is trained; seed before.

    `image_shape` is that of the image (1, B, H, W), `options` has all of the method.
    Raises ValueError where they do not suit the image.
    """
    check_strides(options, *image_shape[2:])
    return TRAINERS[method](image_shape, device=device, options=options)


def network_trainer(
    method: str, image_shape: torch.Size, *, device: torch.device, options: Mapping[str, Any]
) -> Trainer:
    """A blind-spot network, trained as the preset or the tiles want it."""
    network = build_network(method, bands=image_shape[1], options=options)
    settings = {
        "learning_rate": options["learning_rate"],
        "weight_decay": options["weight_decay"],
        "loss": options["lossm"],
        "device": device,
        "precision": available_precision(options["precision"], device),
    }
    if options["tile"]:
        return TiledTrainer(network, tile=options["tile"], **settings)
    return PRESET_TRAINERS[options["preset"]](network, **settings)


def build_network(method: str, *, bands: int, options: Mapping[str, Any]) -> BlindSpotNetwork:
    """Draw the initial weights of a blind-spot network.

    Raises ValueError for an option that it cannot be built with.
    """
    arguments = {
        ARGUMENTS.get(option, option): value
        for option, value in options.items()
        if option not in (*RECIPE, *FACTORS)
    }
    if "factor_train" in options:
        arguments["factor"] = options["factor_train"], options["factor_test"]
    return NETWORKS[method](bands=bands, **arguments)


def autoad_trainer(
    image_shape: torch.Size, *, device: torch.device, options: Mapping[str, Any]
) -> Trainer:
    """Auto-AD."""
    _, bands, height, width = image_shape
    network = AutoAD(bands=bands, height=height, width=width, channels=options["nch_ker"])
    return AutoADTrainer(
        network,
        learning_rate=options["learning_rate"],
        weight_decay=options["weight_decay"],
        device=device,
    )


# The methods that are trained, by what builds them.
TRAINERS: dict[str, Callable[..., Trainer]] = {
    **{method: partial(network_trainer, method) for method in NETWORKS},
    "autoad": autoad_trainer,
}


def check_strides(options: Mapping[str, Any], height: int, width: int) -> None:
    """Raise ValueError for a stride larger than the image, or a guard window that hides it."""
    size = f"larger than the image, {height}×{width}"
    factor = max(options.get(option, 1) for option in FACTORS)
    if factor > min(height, width):
        raise ValueError(f"factor {factor} is {size}; 1 fits any")
    guard = options.get("blindspot", 0)
    if (guard + 1) // 2 >= max(height, width):
        raise ValueError(
            f"blindspot {guard} hides all of the image, {height}×{width}; a smaller one does not"
        )
    if options.get("f_scale", 1) > max(2, height, width):  # the default is fine for every image
        raise ValueError(f"f_scale {options['f_scale']} is {size}")
