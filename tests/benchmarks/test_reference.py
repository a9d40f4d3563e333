"""The baseline of the benchmarks: the recorded runs, and the network that it is compared with."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmarks import reference
from benchmarks.reference import PlainNL2Net, PlainTrainer
from data.scene import Scene
from model.image import cube_to_image, image_to_cube
from model.networks.nl2net import NL2Net
from model.trainers.losses import LOSSES
from tests.conftest import Recording, outer_taps


def scaled_cube(recording: Recording) -> NDArray[np.float32]:
    arrays = recording.arrays
    return Scene("recorded", arrays["cube"], arrays["map"], source="recording").scaled_cube()


def seeded_trainer(recording: Recording) -> PlainTrainer:
    config = recording.config
    torch.manual_seed(config["seed"])
    network = PlainNL2Net(
        config["bands"],
        factor=config["factor"],
        channels=config["nch_ker"],
        mode=config["mode"],
        f_scale=config["f_scale"],
        ss_exp_factor=config["ss_exp_factor"],
    )
    return PlainTrainer(
        network,
        learning_rate=config["learning_rate"],
        weight_decay=config["weight_decay"],
        loss=LOSSES[config["lossm"]],
    )


def test_it_is_a_formulation_of_its_own() -> None:
    source = Path(reference.__file__).read_text(encoding="utf-8")
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", source, re.MULTILINE))
    assert imported == {"collections", "math", "torch"}


def test_initial_weights_are_the_recorded_ones(recording: Recording) -> None:
    state = seeded_trainer(recording).network.state_dict()
    recorded = recording.group("init")
    assert list(state) == recording.config["state_dict_keys"]
    tolerance = 1e-7 if torch.backends.cpu.get_cpu_capability() == "DEFAULT" else 0
    for name, values in state.items():
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


def test_training_and_its_outcome(recording: Recording) -> None:
    trainer, arrays = seeded_trainer(recording), recording.arrays
    image = cube_to_image(scaled_cube(recording))
    epochs, losses = zip(*trainer.train(image, epochs=recording.config["steps"]), strict=True)
    assert epochs == tuple(range(1, recording.config["steps"] + 1))
    np.testing.assert_allclose(losses, arrays["losses"], rtol=0, atol=1e-5)

    reconstruction = image_to_cube(trainer.reconstruct(image))
    np.testing.assert_allclose(reconstruction, arrays["output_at_end"], rtol=0, atol=1e-4)
    state = trainer.network.state_dict()
    for name, values in recording.group("final").items():
        final = outer_taps(name, state[name].numpy())
        np.testing.assert_allclose(final, outer_taps(name, values), atol=1e-4, err_msg=name)


def test_recorded_weights_load_strictly_and_give_the_recorded_output(recording: Recording) -> None:
    trainer = seeded_trainer(recording)
    final = {name: torch.from_numpy(value) for name, value in recording.group("final").items()}
    trainer.network.load_state_dict(final)
    output = image_to_cube(trainer.reconstruct(cube_to_image(scaled_cube(recording))))
    np.testing.assert_allclose(output, recording.arrays["output_at_end"], rtol=0, atol=2e-6)


@pytest.mark.parametrize("size", [(1, 1), (13, 11), (24, 31)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"factor": 1},
        {"factor": 3},
        {"mode": ("ss",) * 6},
        {"mode": ("ss",), "f_scale": 1, "ss_exp_factor": 0.5},
    ],
    ids=["defaults", "factor 1", "factor 3", "all ss", "narrow queries"],
)
def test_it_agrees_with_the_network_in_use(size: tuple[int, int], options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    baseline = PlainNL2Net(bands=7, channels=16, **options)
    torch.manual_seed(0)
    network = NL2Net(bands=7, channels=16, **options)
    with torch.no_grad():  # attention that matters: as drawn, similarities hardly differ
        for name, values in baseline.named_parameters():
            values.mul_(2 if name.endswith("weight") else 1)
    network.load_state_dict(baseline.state_dict())
    image = torch.rand(1, 7, *size)
    expected = baseline(image)
    assert expected.std() > 1e-2  # the outputs depend on more than the last bias
    torch.testing.assert_close(network(image), expected, rtol=1e-5, atol=1e-5)
