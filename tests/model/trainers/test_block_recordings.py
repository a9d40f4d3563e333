"""GT-HAD and SM-HAD against recorded runs of their authors' programs, step by step.

The copies here have the first three blocks of each output; `gthad_small` and `smhad_small` are in
the shared folder. In `gthad_rows_in_place` blocks are placed where they were cut, unlike in the
published program.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.scene import Scene
from detection.measures import area_under_roc, min_max_scale
from model.build import build_trainer
from model.image import cube_to_image, image_to_cube
from model.trainers.block_grid import ImageBlocks
from model.trainers.blocks import BlockTrainer
from model.trainers.shuffling import shuffled
from options.parse import resolve
from tests.baselines import read_baseline
from utils.seeds import seed_everything

CPU = torch.device("cpu")
OPTIONS = {  # of this program, by the names in a recording
    **{"embed_dim": "nch_ker", "mlp_ratio": "mlp_ratio", "batch_size": "batch_size"},
    **{"search_every": "search_every", "epochs": "epochs", "learning_rate": "learning_rate"},
    **{"seed": "seed", "d_state": "states"},
}


NAMES = (
    *("gthad_last_batch_of_one", "gthad_rows_in_place", "gthad_small"),
    *("smhad_wide", "smhad_small"),
)
each = pytest.mark.parametrize("name", NAMES)
ROUNDED = ("A_log", "dt_proj.bias")  # initial weights by logarithms, whose last bit varies


@dataclass
class Repeated:
    """A recorded run, and this program's trainer with its image, options and initial weights."""

    config: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    trainer: BlockTrainer
    image: Tensor
    losses: list[float] = field(default_factory=list)  # of each step
    gradients: dict[str, Tensor] = field(default_factory=dict)  # of the first step
    flags: list[Tensor] = field(default_factory=list)  # after each search
    rebuilt: Tensor | None = None  # the image that is matched first
    by_epoch: list[float] = field(default_factory=list)

    @property
    def blocks(self) -> ImageBlocks:
        return ImageBlocks.of(self.image)

    def outputs(self, *, opened: Tensor | None) -> NDArray[np.float32]:
        """The outputs of all blocks with the weights of now."""
        with torch.no_grad():
            numbers = self.blocks.grid.numbers(CPU)
            return self.trainer.network(self.blocks.cut(numbers), opened).numpy()

    def tolerance(self, of: str) -> float:
        return float(self.config["tolerances_one_thread"][of])


def begin(name: str) -> Repeated:
    """Build the trainer of a recording."""
    run = read_baseline(name)
    config, arrays = run.config, run.arrays
    given = {OPTIONS[key]: value for key, value in config.items() if key in OPTIONS}
    method, options = resolve({"method": config["method"], **given})
    scene = Scene("recorded", arrays["cube"], arrays["map"], source="recording")
    image = cube_to_image(scene.scaled_cube())
    seed_everything(config["seed"])
    trainer = build_trainer(method, image.shape, device=CPU, options=options)
    assert isinstance(trainer, BlockTrainer)
    return Repeated(config, arrays, trainer, image)


@cache
def trained(name: str) -> Repeated:
    """Repeat the training of a recording, and take note of its steps."""
    run = begin(name)
    trainer, loss = run.trainer, run.trainer.loss

    def noted(outputs: Tensor, originals: Tensor) -> Tensor:
        value = loss(outputs, originals)
        run.losses.append(float(value.detach()))
        return value

    def first(*_: object) -> None:
        if not run.gradients:
            named = trainer.network.named_parameters()
            run.gradients |= {key: p.grad.clone() for key, p in named if p.grad is not None}

    trainer.loss = noted
    trainer.optimiser.register_step_pre_hook(first)
    epochs, find = run.config["epochs"], BlockTrainer.find_matching
    with patch.object(BlockTrainer, "find_matching", autospec=True, side_effect=find) as search:
        for epoch, value in trainer.train(run.image, epochs=epochs):
            run.by_epoch.append(value)
            if trainer.searches(epoch, epochs):
                run.flags.append(trainer.open_blocks.clone())
    run.rebuilt = search.call_args_list[0].args[2]
    return run


def assert_close(found: Any, recorded: NDArray[Any], tolerance: float) -> None:
    """Assert that values are within a tolerance of the recorded ones, the first where few."""
    np.testing.assert_allclose(found[: len(recorded)], recorded, rtol=0, atol=tolerance)


@each
def test_blocks_and_padding(name: str) -> None:
    run = begin(name)
    assert run.blocks.grid.padding == tuple(run.arrays["padding"])
    numbers = run.blocks.grid.numbers(CPU)
    assert_close(run.blocks.cut(numbers[:1])[0], run.arrays["block_first"], 1e-7)
    assert_close(run.blocks.cut(numbers[-1:])[0], run.arrays["block_last"], 1e-7)


@each
def test_initial_weights_come_from_the_seed_alone(name: str) -> None:
    run = begin(name)
    state = run.trainer.network.state_dict()
    assert list(state) == run.config["state_dict_keys"]
    assert run.trainer.parameters == run.config["parameters"]
    # without vector instructions torch rounds its uniform random numbers differently
    tolerance = 1e-7 if torch.backends.cpu.get_cpu_capability() == "DEFAULT" else 0
    for key, values in state.items():
        last_bit = 5e-7 if key.endswith(ROUNDED) else tolerance
        assert_close(values.numpy(), run.arrays[f"init/{key}"], last_bit)


@each
def test_outputs_of_closed_and_open_blocks(name: str) -> None:
    run = begin(name)
    every = torch.ones(len(run.blocks.grid), dtype=torch.bool)
    tolerance = run.tolerance("output_at_init")
    assert_close(run.outputs(opened=None), run.arrays["output_at_init"], tolerance)
    assert_close(run.outputs(opened=every), run.arrays["output_at_init_background"], tolerance)


@each
def test_the_order_of_the_blocks_comes_from_the_seed_alone(name: str) -> None:
    run = begin(name)
    drawn = [shuffled(len(run.blocks.grid)) for _ in range(run.config["epochs"])]
    assert np.array_equal(torch.stack(drawn), run.arrays["order"])


@each
def test_gradients_of_the_first_step(name: str) -> None:
    run = trained(name)
    relative = run.tolerance("grad_relative_to_largest")
    for key, gradient in run.gradients.items():
        recorded = run.arrays[f"grad/{key}"]
        assert_close(gradient, recorded, relative * np.abs(recorded).max())


@each
def test_losses_of_all_steps_and_epochs(name: str) -> None:
    run = trained(name)
    assert_close(run.losses, run.arrays["losses"], run.tolerance("losses"))
    assert len(run.losses) == len(run.arrays["losses"])
    count, epochs = len(run.blocks.grid), run.config["epochs"]
    sizes = [len(part) for part in torch.arange(count).split(run.config["batch_size"])]
    means = np.average(run.arrays["losses"].reshape(epochs, -1), axis=1, weights=sizes)
    assert_close(run.by_epoch, means, run.tolerance("losses"))


@each
def test_opened_blocks(name: str) -> None:
    run = trained(name)
    assert run.rebuilt is not None
    tolerance = run.tolerance("output_at_end")
    assert_close(image_to_cube(run.rebuilt), run.arrays["rebuilt_at_first_match"], tolerance)
    assert np.array_equal(torch.stack(run.flags), run.arrays["matches"].astype(bool))


@each
def test_weights_and_outputs_at_the_end(name: str) -> None:
    run = trained(name)
    state = run.trainer.network.state_dict()
    for key in (key for key in run.arrays if key.startswith("final/")):
        final = state[key.removeprefix("final/")].numpy()
        assert_close(final, run.arrays[key], run.tolerance("final"))
    outputs = run.outputs(opened=run.trainer.open_blocks)
    assert_close(outputs, run.arrays["output_at_end"], run.tolerance("output_at_end"))


@each
def test_pooled_residuals_map_and_auc(name: str) -> None:
    run = trained(name)
    _, pooled = run.trainer.rebuild(run.image)
    tolerance = 0.1 * run.tolerance("output_at_end")  # twice a residual below 0.05
    assert_close(image_to_cube(pooled), run.arrays["residual_at_end"], tolerance)
    scores = min_max_scale(run.trainer.detect(run.image)[0].numpy())
    assert_close(scores, run.arrays["detectmap"], run.tolerance("detectmap"))
    auc = area_under_roc(run.arrays["map"] != 0, scores)
    assert auc == pytest.approx(float(run.arrays["auc"]), abs=run.tolerance("auc"))
