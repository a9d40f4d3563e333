"""From the name of a method to what does its work."""

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor

from model.build import DETECTORS, FITTED, TRAINERS, build_trainer
from model.methods import METHODS
from model.networks.autoad import AutoAD
from model.networks.nl2net import NL2Net
from model.trainers.autoad import AutoADTrainer
from model.trainers.fast import FastTrainer
from model.trainers.losses import LOSSES
from model.trainers.tiled import TiledTrainer
from model.trainers.trainer import Trainer
from options.parse import method_options, parse

NL2NETS: dict[str, dict[str, Any]] = {
    "nl2net": {},
    "lfeb": {"non_local": False},
    "nlfeb": {"local": False},
    "pixel_mask": {"mask": "pixel"},
}
TRAINED = [name for name, method in METHODS.items() if method.trained and method.same_as is None]
UNTRAINED = [name for name, method in METHODS.items() if not method.trained]


def options_of(name: str, *words: str) -> dict[str, Any]:
    args, _ = parse(["--method", name, *words])
    return method_options(args)


def build(name: str, *words: str) -> Trainer:
    """Build from the defaults, but for few channels, with one seed."""
    torch.manual_seed(0)
    options = options_of(name, "--nch_ker", "16", *words)
    return build_trainer(
        name, torch.Size([1, 3, 9, 8]), device=torch.device("cpu"), options=options
    )


def image() -> Tensor:
    return torch.rand(1, 3, 9, 8, generator=torch.Generator().manual_seed(1))


def test_every_method_is_built_one_way() -> None:
    assert set(DETECTORS) == set(UNTRAINED)
    assert set(TRAINERS) == set(TRAINED)


@pytest.mark.parametrize("name", UNTRAINED)
def test_detectors_take_a_cube_and_just_their_options(name: str) -> None:
    (cube, *options) = inspect.signature(DETECTORS[name]).parameters.values()
    assert cube.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert {option.name for option in options} == set(METHODS[name].options)
    assert all(option.kind is inspect.Parameter.KEYWORD_ONLY for option in options)


@pytest.mark.parametrize("name", UNTRAINED)
def test_detectors_score_with_the_defaults(name: str) -> None:
    cube = torch.rand(12, 17, 5, generator=torch.Generator().manual_seed(1))
    cube[6, 8] = torch.tensor([9.0, 0, 5, 0, 7])
    scores = DETECTORS[name](cube, **options_of(name))
    assert scores.shape == (12, 17) and scores.isfinite().all()
    assert scores.std() > 0


@pytest.mark.parametrize("name", FITTED)
def test_a_background_that_is_kept_scores_its_own_cube_alike(name: str) -> None:
    cube = torch.rand(12, 17, 5, generator=torch.Generator().manual_seed(1))
    scores = FITTED[name](cube, **options_of(name)).distance(cube)
    assert torch.equal(scores, DETECTORS[name](cube, **options_of(name)))


@pytest.mark.parametrize("name", TRAINED)
def test_trainers_take_a_step_from_the_defaults(name: str) -> None:
    trainer = build(name)
    before = trainer.weights()
    assert [epoch for epoch, _ in trainer.train(image(), epochs=1)] == [1]
    after = trainer.weights()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    # masks and noise stay, and so does wqk where its gradient is next to none
    last = [key for key in before if key != "noise"][-2:]  # weight and bias of the last layer
    assert {*last} <= changed
    assert trainer.reconstruct(image()).shape == image().shape


@pytest.mark.parametrize("name", TRAINED)
def test_the_options_of_the_optimiser_arrive(name: str) -> None:
    (group,) = build(
        name, "--learning_rate", "0.025", "--weight_decay", "0.5"
    ).optimiser.param_groups
    assert (group["lr"], group["weight_decay"]) == (0.025, 0.5)
    assert group["betas"] == ((0.9, 0.999) if name == "autoad" else (0.5, 0.999))


@pytest.mark.parametrize("name", NL2NETS)
def test_the_options_of_the_network_arrive(name: str) -> None:
    words = ["--factor", "3", "--nblk", "2", "--lossm", "l2"]
    attends = "mode" in METHODS[name].options
    if attends:
        words += ["--mode", "ss", "na", "--f_scale", "3", "--ss_exp_factor", "0.5"]
    trainer = build(name, *words)
    wanted: dict[str, Any] = {"factor": 3, "mode": ["na", "na"], **NL2NETS[name]}
    if attends:
        wanted |= {"mode": ["ss", "na"], "f_scale": 3, "ss_exp_factor": 0.5}
    torch.manual_seed(0)
    expected = NL2Net(bands=3, channels=16, **wanted)
    state, drawn = trainer.network.state_dict(), expected.state_dict()
    assert list(state) == list(drawn)
    assert all(torch.equal(state[key], drawn[key]) for key in state)
    reconstruction = expected(image()).detach()
    torch.testing.assert_close(trainer.reconstruct(image()), reconstruction, rtol=0, atol=1e-7)
    (_, loss), *_ = trainer.train(image(), epochs=1)
    assert loss == pytest.approx(float((reconstruction - image()).square().mean()), rel=1e-5)


@pytest.mark.parametrize("name", NL2NETS)
def test_preset_and_tile_choose_the_trainer(name: str) -> None:
    assert type(build(name)) is Trainer
    tiled, fast = build(name, "--tile", "8"), build(name, "--preset", "fast", "--lossm", "l2")
    assert isinstance(tiled, TiledTrainer) and tiled.tile == 8
    assert isinstance(fast, FastTrainer) and fast.loss is LOSSES["l2"]
    (group,) = fast.optimiser.param_groups
    assert (group["lr"], group["weight_decay"], group["betas"]) == (3e-3, 0, (0.9, 0.99))
    networks = [trainer.network.state_dict() for trainer in (build(name), tiled, fast)]
    for state in networks[1:]:  # the weights are drawn alike
        assert all(torch.equal(networks[0][key], value) for key, value in state.items())


@pytest.mark.parametrize("words", [[], ["--tile", "8"], ["--preset", "fast"]], ids=" ".join)
def test_the_precision_is_what_the_device_has(
    monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    for supported, at_hand in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr(
            torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda known=supported: known
        )
        assert build("nl2net", "--precision", "bf16", *words).precision == at_hand
    assert build("nl2net", "--precision", "tf32", *words).precision == "fp32"


def test_ablations_are_what_they_are_called() -> None:
    networks = {name: build(name).network for name in NL2NETS}
    parts = {
        name: [part for part, _ in network.named_children()] for name, network in networks.items()
    }
    assert parts["nl2net"] == parts["pixel_mask"] == ["head", "branch1", "branch2", "tail"]
    assert parts["lfeb"] == ["head", "branch1", "tail"]
    assert parts["nlfeb"] == ["head", "branch2", "tail"]
    hidden = {
        name: {int((mask[0, 0] == 0).sum()) for mask in masks}
        for name, network in networks.items()
        for masks in [[m for key, m in network.named_buffers() if key.endswith("mask")]]
    }
    assert hidden == {"nl2net": {9}, "lfeb": {9}, "nlfeb": {9}, "pixel_mask": {1}}


def test_autoad_is_built_for_the_size_of_the_image() -> None:
    trainer = build("autoad")
    assert isinstance(trainer, AutoADTrainer) and isinstance(trainer.network, AutoAD)
    assert trainer.network.noise.shape == (1, 3, 9, 8)
    assert options_of("autoad")["nch_ker"] == 128


def test_every_trained_method_draws_its_weights_from_the_seed() -> None:
    for name in TRAINED:
        one, other = build(name).weights(), build(name).weights()
        assert all(torch.equal(one[key], other[key]) for key in one), name
