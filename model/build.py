"""Build the detector of a method: a trainer with its network, or a function of the cube."""

from collections.abc import Mapping
from typing import Any

import torch

from model.detector import Detector
from model.imports import import_named
from model.methods import METHODS
from model.methods.method import ARGUMENTS, FACTORS, INPUT, RECIPE, Method
from model.methods.presets import PRESETS, epochs_of_auto
from model.networks.blind_spot import BlindSpotNetwork
from model.precision import available_precision
from model.scores import SCORING
from model.scoring.averaging import MapAverage
from model.scoring.scoring import Scoring
from model.trainers.tiled import TiledTrainer
from model.trainers.trainer import Trainer
from model.untrained import UntrainedDetector


def build_detector(
    method: str, image_shape: torch.Size, *, device: torch.device, options: Mapping[str, Any]
) -> Detector:
    """Build a method for images (1, B, H, W); draws the weights of a network: seed before.

    `options` has all of the method. Raises ValueError where they do not suit the image.
    """
    record = METHODS[method]
    if record.trained:
        return build_trainer(method, image_shape, device=device, options=options)
    own = {option: value for option, value in options.items() if option not in SCORING}
    detector = UntrainedDetector(
        import_named(record.builder),
        fit=import_named(record.fit) if record.fit else None,
        describe=import_named(record.settings) if record.settings else None,
        options={**record.arguments, **own},
        device=device,
    )
    detector.scoring = scoring_of(options)
    return detector


def scoring_of(options: Mapping[str, Any]) -> Scoring:
    """Return the scoring that the options of a method ask for."""
    return Scoring(**{option: options[option] for option in SCORING if option in options})


def build_trainer(
    method: str, image_shape: torch.Size, *, device: torch.device, options: Mapping[str, Any]
) -> Trainer:
    """Build a method that is trained, as `build_detector` does."""
    record = METHODS[method]
    check_image_size(options, *image_shape[2:])
    if record.blind_spot:
        trainer = preset_trainer(method, image_shape[1], device=device, options=options)
    else:
        trainer = own_trainer(record, image_shape, device=device, options=options)
    trainer.auto_epochs = epochs_of_auto(record, options.get("preset"))
    trainer.scoring = scoring_of(options)
    trainer.average = MapAverage(options.get("average_every", 0))
    return trainer


def own_trainer(
    record: Method, image_shape: torch.Size, *, device: torch.device, options: Mapping[str, Any]
) -> Trainer:
    """Build a network with its own trainer."""
    _, bands, height, width = image_shape
    size = {"height": height, "width": width} if record.sized else {}
    own = {option: options[option] for option in record.options}  # no other, such as `recompute`
    settings = {ARGUMENTS.get(option, option): own[option] for option in record.trainer_options}
    if "precision" in settings:
        settings["precision"] = available_precision(settings["precision"], device)
    network = import_named(record.builder)(bands=bands, **size, **network_arguments(record, own))
    trainer: Trainer = import_named(str(record.trainer))(network, device=device, **settings)
    return trainer


def preset_trainer(
    method: str, bands: int, *, device: torch.device, options: Mapping[str, Any]
) -> Trainer:
    """Build a blind-spot network with the trainer of its preset or its tiles."""
    network = build_network(method, bands=bands, options=options)
    settings = {
        "learning_rate": options["learning_rate"],
        "weight_decay": options["weight_decay"],
        "loss": options["lossm"],
        "device": device,
        "precision": available_precision(options["precision"], device),
    }
    if options["tile"]:
        return TiledTrainer(network, tile=options["tile"], **settings)
    return import_named(PRESETS[options["preset"]].trainer)(network, **settings)


def build_network(method: str, *, bands: int, options: Mapping[str, Any]) -> BlindSpotNetwork:
    """Build a blind-spot network and draw its initial weights.

    Raises ValueError for an option that it cannot be built with.
    """
    record = METHODS[method]
    return import_named(record.builder)(bands=bands, **network_arguments(record, options))


def network_arguments(record: Method, options: Mapping[str, Any]) -> dict[str, Any]:
    """Translate the options of a method into arguments of its network."""
    arguments = {
        ARGUMENTS.get(option, option): value
        for option, value in options.items()
        if option not in (*RECIPE, *SCORING, *FACTORS, *INPUT, *record.trainer_options)
    }
    if "factor_train" in options:
        arguments["factor"] = options["factor_train"], options["factor_test"]
    return {**arguments, **record.arguments}


def check_image_size(options: Mapping[str, Any], height: int, width: int) -> None:
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
