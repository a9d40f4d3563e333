"""Recorded runs of the published implementation, repeated step by step.

On one thread, as recorded, a faithful implementation agrees to about 1e-7; the tolerances allow for
other kernels, those of `wqk` for gradients of about 1e-10.
"""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from data.scene import Scene
from detection.measures import area_under_roc, min_max_scale
from model.image import cube_to_image, image_to_cube
from model.networks.nl2net import NL2Net
from model.networks.weights import load_strictly
from model.trainers.trainer import Trainer
from tests.conftest import Recording, outer_taps
from utils.seeds import seed_everything


def seeded_network(recording: Recording) -> NL2Net:
    seed_everything(recording.config["seed"])
    return recording.network()


def scaled_cube(recording: Recording) -> NDArray[np.float32]:
    arrays = recording.arrays
    return Scene("recorded", arrays["cube"], arrays["map"], source="recording").scaled_cube()


def seeded_trainer(recording: Recording) -> Trainer:
    return Trainer(
        seeded_network(recording),
        learning_rate=recording.config["learning_rate"],
        weight_decay=recording.config["weight_decay"],
        loss=recording.config["lossm"],
    )


def test_initial_weights_are_the_same_to_the_bit(recording: Recording) -> None:
    state = seeded_network(recording).state_dict()
    recorded = recording.group("init")
    assert list(state) == recording.config["state_dict_keys"]
    # without vector instructions torch rounds its uniform random numbers differently
    tolerance = 1e-7 if torch.backends.cpu.get_cpu_capability() == "DEFAULT" else 0
    for name, values in state.items():
        assert values.dtype == torch.float32
        np.testing.assert_allclose(
            values.numpy(), recorded[name], rtol=0, atol=tolerance, err_msg=name
        )


def test_output_and_gradients_of_the_first_step(recording: Recording) -> None:
    trainer = seeded_trainer(recording)
    image = cube_to_image(scaled_cube(recording))
    output = image_to_cube(trainer.reconstruct(image))
    np.testing.assert_allclose(output, recording.arrays["output_at_init"], rtol=0, atol=2e-6)

    list(trainer.train(image, epochs=1))
    recorded = recording.group("grad")
    parameters = dict(trainer.network.named_parameters())
    assert parameters.keys() == recorded.keys()
    for name, parameter in parameters.items():
        assert parameter.grad is not None
        gradient = outer_taps(name, parameter.grad.numpy())
        expected = outer_taps(name, recorded[name])
        tolerance = (1e-2 if name.endswith("wqk") else 1e-5) * np.abs(expected).max()
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=tolerance, err_msg=name)


def test_training_and_its_result(recording: Recording) -> None:
    trainer = seeded_trainer(recording)
    image = cube_to_image(scaled_cube(recording))
    losses = [loss for _, loss in trainer.train(image, epochs=recording.config["steps"])]
    np.testing.assert_allclose(losses, recording.arrays["losses"], rtol=0, atol=1e-5)

    residuals, reconstruction = trainer.detect(image)
    arrays = recording.arrays
    assert reconstruction is not None
    rebuilt = image_to_cube(reconstruction)
    np.testing.assert_allclose(rebuilt, arrays["output_at_end"], rtol=0, atol=1e-4)
    scores = min_max_scale(residuals.numpy())
    np.testing.assert_allclose(scores, arrays["detectmap"], rtol=0, atol=1e-3)
    auc = area_under_roc(arrays["map"] != 0, scores)
    assert auc == pytest.approx(float(arrays["auc"]), abs=1e-3)
    for name, values in recording.group("final").items():
        final = outer_taps(name, trainer.weights()[name].numpy())
        np.testing.assert_allclose(final, outer_taps(name, values), atol=1e-4, err_msg=name)


def test_recorded_weights_load_strictly_and_give_the_recorded_output(recording: Recording) -> None:
    network = recording.network()
    final = {name: torch.from_numpy(value) for name, value in recording.group("final").items()}
    load_strictly(network, final)
    output = image_to_cube(Trainer(network).reconstruct(cube_to_image(scaled_cube(recording))))
    np.testing.assert_allclose(output, recording.arrays["output_at_end"], rtol=0, atol=2e-6)
