"""Recorded runs of the published implementations, repeated step by step.

By the networks in use, and of NL2Net also by the baseline of the benchmarks. On one thread, as
recorded, a faithful implementation agrees to about 1e-7; the tolerances allow for other kernels,
those of `wqk` for gradients of about 1e-10.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.reference import PlainNL2Net, PlainTrainer
from detection.measures import area_under_roc, min_max_scale
from model.build import build_network
from model.image import cube_to_image, image_to_cube
from model.methods import METHODS
from model.networks.nl2net import NL2Net
from model.networks.weights import load_strictly
from model.scoring.residuals import residual
from model.trainers.losses import LOSSES
from model.trainers.trainer import Trainer
from options.parse import resolve
from tests.recordings import FAMILY, NL2NET, RECORDINGS, Recording, read_recording
from utils.seeds import seed_everything


def program(recording: Recording) -> Trainer:
    """The trainer of this program with the run's options and initial weights."""
    config, method = recording.config, recording.method
    known = {key: value for key, value in config.items() if METHODS[method].has(key)}
    _, options = resolve({"method": method, **known})
    seed_everything(config["seed"])
    return Trainer(
        build_network(method, bands=config["bands"], options=options),
        learning_rate=config["learning_rate"],
        weight_decay=config["weight_decay"],
        loss=config["lossm"],
    )


def baseline(recording: Recording) -> PlainTrainer:
    """The same of the benchmarks' baseline."""
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


# how far gradients (relative) and the results of a training may be from the recorded ones
CLOSE = {"nl2net": (1e-5, 1e-4), "family": (5e-5, 1e-5)}

PROGRAM = [pytest.param((name, program), id=name) for name in RECORDINGS]
BASELINE = [pytest.param((name, baseline), id=f"{name}, baseline") for name in NL2NET]
anyone = pytest.mark.parametrize("repeated", [*PROGRAM, *BASELINE], indirect=True)


@dataclass(frozen=True)
class Repeated:
    """A recorded run, a trainer that repeats it, and its image."""

    recording: Recording
    trainer: Trainer | PlainTrainer
    image: Tensor

    def recorded(self, when: str) -> NDArray[np.float32]:
        """The recorded prediction `at_init` or `at_end`."""
        arrays = self.recording.arrays
        return arrays[f"{'prediction' if f'prediction_{when}' in arrays else 'output'}_{when}"]

    def detect(self) -> tuple[Tensor, Tensor | None]:
        """Residuals and reconstruction; the baseline leaves the former to its caller."""
        if isinstance(self.trainer, Trainer):
            return self.trainer.detect(self.image)
        reconstruction = self.trainer.reconstruct(self.image)
        return residual(self.image, reconstruction), reconstruction


@pytest.fixture
def repeated(request: pytest.FixtureRequest) -> Repeated:
    """A run by its name, and what repeats it."""
    name, make = request.param
    recording = read_recording(name)
    return Repeated(recording, make(recording), cube_to_image(recording.scaled_cube()))


def test_every_network_has_a_recording() -> None:
    recorded = {read_recording(name).method for name in RECORDINGS}
    networks = {name for name, method in METHODS.items() if method.blind_spot}
    own = {name for name in networks if METHODS[name].variant_of is None}
    assert recorded == {name for name in own if not METHODS[name].arguments}


@anyone
def test_initial_weights_are_the_same_to_the_bit(repeated: Repeated) -> None:
    state, recording = repeated.trainer.network.state_dict(), repeated.recording
    recorded = recording.group("init")
    assert list(state) == recording.config["state_dict_keys"] and state.keys() == recorded.keys()
    # without vector instructions torch rounds its uniform random numbers differently
    tolerance = 1e-7 if torch.backends.cpu.get_cpu_capability() == "DEFAULT" else 0
    for name, values in state.items():
        assert values.dtype == torch.float32
        np.testing.assert_allclose(
            values.numpy(), recorded[name], rtol=0, atol=tolerance, err_msg=name
        )


@anyone
def test_output_and_gradients_of_the_first_step(repeated: Repeated) -> None:
    trainer, image, recording = repeated.trainer, repeated.image, repeated.recording
    predicted = repeated.recorded("at_init")
    trained = recording.arrays.get("training_output_at_init", predicted)
    with torch.no_grad():
        output = image_to_cube(trainer.network.train()(image))
    np.testing.assert_allclose(output, trained, rtol=0, atol=2e-6)
    output = image_to_cube(trainer.reconstruct(image))
    np.testing.assert_allclose(output, predicted, rtol=0, atol=2e-6)

    list(trainer.train(image, epochs=1))
    recorded = recording.group("grad")
    parameters = dict(trainer.network.named_parameters())
    assert parameters.keys() == recorded.keys()
    for name, parameter in parameters.items():
        assert parameter.grad is not None
        gradient = recording.seen_taps(name, parameter.grad.numpy())
        expected = recording.seen_taps(name, recorded[name])
        relative = 1e-2 if name.endswith("wqk") else CLOSE[recording.kind][0]
        tolerance = relative * np.abs(expected).max()
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=tolerance, err_msg=name)


@anyone
def test_training_and_its_result(repeated: Repeated) -> None:
    trainer, recording = repeated.trainer, repeated.recording
    steps, tolerance = recording.config["steps"], CLOSE[recording.kind][1]
    epochs, losses = zip(*trainer.train(repeated.image, epochs=steps), strict=True)
    assert epochs == tuple(range(1, steps + 1))
    np.testing.assert_allclose(losses, recording.arrays["losses"], rtol=0, atol=1e-5)

    residuals, reconstruction = repeated.detect()
    assert reconstruction is not None
    rebuilt = image_to_cube(reconstruction)
    np.testing.assert_allclose(rebuilt, repeated.recorded("at_end"), rtol=0, atol=tolerance)
    scores = min_max_scale(residuals.numpy())
    arrays = recording.arrays
    np.testing.assert_allclose(scores, arrays["detectmap"], rtol=0, atol=10 * tolerance)
    auc = area_under_roc(arrays["map"] != 0, scores)
    assert auc == pytest.approx(float(arrays["auc"]), abs=10 * tolerance)
    state = trainer.network.state_dict()
    for name, values in recording.group("final").items():
        final = recording.seen_taps(name, state[name].numpy())
        np.testing.assert_allclose(
            final, recording.seen_taps(name, values), atol=1e-4, err_msg=name
        )


@pytest.mark.parametrize("repeated", [*PROGRAM[: len(NL2NET)], *BASELINE], indirect=True)
def test_recorded_weights_load_strictly_and_give_the_recorded_output(repeated: Repeated) -> None:
    recorded = repeated.recording.group("final")
    final = {name: torch.from_numpy(values) for name, values in recorded.items()}
    if isinstance(repeated.trainer, Trainer):
        load_strictly(repeated.trainer.network, final)
    else:
        repeated.trainer.network.load_state_dict(final)
    output = image_to_cube(repeated.trainer.reconstruct(repeated.image))
    np.testing.assert_allclose(output, repeated.recorded("at_end"), rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", FAMILY)
def test_weights_load_strictly_into_a_network_of_the_same_options(name: str) -> None:
    recording = read_recording(name)
    image = cube_to_image(recording.scaled_cube())
    trainer, other = program(recording), program(recording)
    list(trainer.train(image, epochs=2))
    load_strictly(other.network, trainer.weights())
    assert torch.equal(other.reconstruct(image), trainer.reconstruct(image))
    with pytest.raises(ValueError, match="not hold the weights|another network|is not as in"):
        load_strictly(NL2Net(bands=recording.config["bands"]), trainer.weights())
