"""DirectNet and BS3LNet repeat recorded runs of their authors' programs, step by step.

On one thread, as recorded, everything up to the gradients of the first step agrees to the bit. A
training does where its loss is smooth or its values are large; elsewhere the signs of the L1 loss
and normalised features of almost no contrast amplify the last bit up to a hundredfold an epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.random import RandomState
from numpy.typing import NDArray
from torch import Tensor

from data.scene import Scene
from detection.measures import area_under_roc
from detection.task import Task
from model.image import image_to_cube, load_all
from model.methods import METHODS
from model.trainers.bs3lnet import BS3LNetTrainer
from model.trainers.hidden_pixels import draw_from_ring, draw_scattered
from model.trainers.patch_trainer import PatchTrainer
from model.trainers.shuffling import shuffled
from options.parse import resolve
from tests.baselines import read_baseline

# the largest relative difference of a loss, and of the scores, in trainings that amplify rounding
AMPLIFIED = {
    "directnet_batchnorm": (0.3, 0.1),
    "directnet_instancenorm": (0.05, 0.1),
    "bs3lnet_batchnorm": (0.5, 0.2),
}
NAMES = (*AMPLIFIED, "directnet_unscaled", "bs3lnet_even_window")
OPTIONS = {"win_in": "inner_window", "win_out": "outer_window"}


@dataclass
class Repeated:
    """A recorded run, and its repetition with this program."""

    name: str
    config: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    losses: list[float] = field(default_factory=list)
    found: dict[str, NDArray[Any]] = field(default_factory=dict)
    gradients: dict[str, NDArray[Any]] = field(default_factory=dict)

    def task(self) -> Task:
        """The task of the run's options on its scene."""
        settings = {OPTIONS.get(name, name): value for name, value in self.config.items()}
        method = settings.pop("method")
        settings["init_weight_type"], gain = settings["init"].split()
        known = {name: value for name, value in settings.items() if METHODS[method].has(name)}
        _, options = resolve({"method": method, **known, "init_gain": float(gain)})
        scene = Scene(self.name, self.arrays["cube"], self.arrays["map"], source="recording")
        return Task(method, options, scene, torch.device("cpu"))


@cache
def read(name: str) -> Repeated:
    """Read a recorded run; skip the test where it is not available."""
    run = read_baseline(name)
    return Repeated(name, run.config, run.arrays)


@cache
def repeat(name: str) -> Repeated:
    """Repeat a recorded run."""
    run = read(name)
    task = run.task()
    trainer = task.build_trainer()
    assert isinstance(trainer, PatchTrainer)
    image = load_all(task.image)
    run.found["prediction_at_init"] = image_to_cube(trainer.reconstruct(image))
    patches = trainer.patches_of(image)
    step = trainer.batch_step(patches)

    def recorded(numbers: Tensor) -> Tensor:
        results = step(numbers)
        run.losses.append(float(results[0]))
        run.gradients = run.gradients or gradients(trainer)
        return results

    for _ in range(run.config["epochs"]):
        trainer.take_epoch(recorded, len(patches))
    run.found |= {f"final/{key}": value.numpy() for key, value in trainer.weights().items()}
    run.found["detectmap"], _ = task.detect(trainer)
    run.found["prediction_at_end"] = image_to_cube(trainer.reconstruct(image))
    return run


def gradients(trainer: PatchTrainer) -> dict[str, NDArray[Any]]:
    """Copy the gradients of a network."""
    named = trainer.network.named_parameters()
    return {name: value.grad.numpy().copy() for name, value in named if value.grad is not None}


EVERY = pytest.mark.parametrize("name", NAMES)


def assert_close(found: NDArray[Any], recorded: NDArray[Any], tolerance: float) -> None:
    """Assert equal values, up to this part of the largest."""
    limit = tolerance * np.abs(recorded).max()
    np.testing.assert_allclose(found, recorded, rtol=0, atol=limit)


@EVERY
def test_initial_weights_are_those_of_the_seed_to_the_bit(name: str) -> None:
    run = read(name)
    state = run.task().build_trainer().network.state_dict()
    assert list(state) == run.config["state_dict_keys"]
    assert sum(value.numel() for value in state.values()) >= run.config["parameters"]
    # without vector instructions torch rounds its normal random numbers differently
    tolerance = 1e-7 if torch.backends.cpu.get_cpu_capability() == "DEFAULT" else 0
    for key, value in state.items():
        np.testing.assert_allclose(
            value.numpy(), run.arrays[f"init/{key}"], rtol=0, atol=tolerance, err_msg=key
        )


@EVERY
def test_hidden_pixels_are_those_of_the_seed(name: str) -> None:
    run = read(name)
    config, random = run.config, RandomState(run.config["seed"])
    patches = config["height"] * config["width"]
    if config["method"] == "directnet":
        chosen = draw_from_ring(random, patches, side=config["win_out"], inner=config["win_in"])
        np.testing.assert_array_equal(chosen, run.arrays["chosen"])
        return
    hidden, offsets = draw_scattered(
        random,
        patches,
        side=config["patch"],
        ratio=config["ratio"],
        window=config["size_window"],
    )
    np.testing.assert_array_equal(hidden, run.arrays["hidden"])
    np.testing.assert_array_equal(offsets, run.arrays["offsets"])


@EVERY
def test_patches_are_the_recorded_ones(name: str) -> None:
    run = read(name)
    task = run.task()
    trainer = task.build_trainer()
    assert isinstance(trainer, PatchTrainer)
    patches = trainer.patches_of(task.image)
    inputs, labels, mask = patches.batch(torch.arange(3))
    np.testing.assert_array_equal(inputs, run.arrays["input_first"])
    np.testing.assert_array_equal(labels, run.arrays["label_first"])
    last, _, _ = patches.batch(torch.tensor([len(patches) - 1]))
    np.testing.assert_array_equal(last, run.arrays["input_last"])
    if isinstance(trainer, BS3LNetTrainer):
        np.testing.assert_array_equal(1 - mask[:, 0], run.arrays["seen_first"])
    else:
        assert (mask.sum(dim=(1, 2, 3)) == 1).all()


@EVERY
def test_epochs_are_shuffled_as_recorded(name: str) -> None:
    run = read(name)
    run.task().build_trainer()  # the orders are drawn after the weights
    for order in run.arrays["order"]:
        np.testing.assert_array_equal(shuffled(len(order)), order)


@EVERY
def test_output_in_training_and_in_prediction_before_any_step(name: str) -> None:
    run = read(name)
    task = run.task()
    trainer = task.build_trainer()
    assert isinstance(trainer, PatchTrainer)
    patches = trainer.patches_of(task.image)
    first = torch.from_numpy(run.arrays["order"][0, : run.config["batch_size"]].astype(np.int64))
    with torch.no_grad():
        output = trainer.network.train()(patches.batch(first)[0])
    assert_close(output[:4].numpy(), run.arrays["training_output_at_init"], 2e-6)
    predicted = repeat(name).found["prediction_at_init"]
    assert_close(predicted, run.arrays["prediction_at_init"], 2e-6)


@EVERY
def test_gradients_of_the_first_step(name: str) -> None:
    run = repeat(name)
    recorded = {key: run.arrays[f"grad/{key}"] for key in run.gradients}
    assert {f"grad/{key}" for key in recorded} == {key for key in run.arrays if "grad/" in key}
    largest = max(np.abs(values).max() for values in recorded.values())
    for key, values in recorded.items():  # of biases before a normalisation they are but rounding
        limit = 1e-5 * np.abs(values).max() + 1e-7 * largest
        np.testing.assert_allclose(run.gradients[key], values, rtol=0, atol=limit, err_msg=key)


@EVERY
def test_losses_of_the_training(name: str) -> None:
    run = repeat(name)
    recorded = run.arrays["losses"]
    assert len(run.losses) == len(recorded)
    first = len(recorded) // run.config["epochs"]
    np.testing.assert_allclose(run.losses[:first], recorded[:first], rtol=1e-5)
    tolerance, _ = AMPLIFIED.get(name, (1e-5, 0))
    np.testing.assert_allclose(run.losses, recorded, rtol=tolerance)


@EVERY
def test_map_and_weights_of_the_last_epoch(name: str) -> None:
    run = repeat(name)
    _, tolerance = AMPLIFIED.get(name, (0, 1e-3))
    np.testing.assert_allclose(
        run.found["detectmap"], run.arrays["detectmap"], rtol=0, atol=tolerance
    )
    auc = area_under_roc(run.arrays["map"] != 0, run.found["detectmap"])
    assert auc == pytest.approx(float(run.arrays["auc"]), abs=max(1e-3, tolerance / 5))
    if name in AMPLIFIED:
        return
    assert_close(run.found["prediction_at_end"], run.arrays["prediction_at_end"], 1e-4)
    for key in with_gradient(run):
        np.testing.assert_allclose(
            run.found[f"final/{key}"], run.arrays[f"final/{key}"], rtol=1e-3, atol=1e-3, err_msg=key
        )


def with_gradient(run: Repeated) -> Iterator[str]:
    """Name the entries but biases before an instance normalisation, which rounding moves."""
    for key in run.config["state_dict_keys"]:
        normalised = run.config["norm_mode"] == "inorm" and key.startswith(("resconv", "decoder"))
        if not (normalised and key.endswith("bias")):
            yield key
