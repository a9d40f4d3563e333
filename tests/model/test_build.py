"""Detectors built from the names and options of methods."""

import inspect
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from model.build import build_detector, build_network, build_trainer
from model.detector import Detector
from model.image import cube_to_image
from model.imports import import_named
from model.methods import METHODS
from model.networks.autoad import AutoAD
from model.networks.nl2net import NL2Net
from model.scores import SCORING
from model.trainers.autoad import AutoADTrainer
from model.trainers.fast import FastTrainer
from model.trainers.losses import LOSSES
from model.trainers.tiled import TiledTrainer
from model.trainers.trainer import Trainer
from model.untrained import UntrainedDetector
from options.parse import method_options, parse

CPU = torch.device("cpu")
NL2NETS: dict[str, dict[str, Any]] = {
    "nl2net": {},
    "lfeb": {"non_local": False},
    "nlfeb": {"local": False},
    "pixel_mask": {"mask": "pixel"},
}
TRAINED = [name for name, method in METHODS.items() if method.trained and method.variant_of is None]
UNTRAINED = [name for name, method in METHODS.items() if not method.trained]
SMALL = {"components": 3, "rank": 3, "clusters": 3, "atoms": 4}  # of images of 8 bands
FITTED = [name for name in UNTRAINED if METHODS[name].fit]


def options_of(name: str, *words: str) -> dict[str, Any]:
    args, _ = parse(["--method", name, *words])
    return method_options(args)


def build(name: str, *words: str) -> Trainer:
    """Build from the defaults, but for few channels, with one seed."""
    torch.manual_seed(0)
    options = options_of(name, "--nch_ker", "16", *words)
    return build_trainer(name, torch.Size([1, 3, 9, 8]), device=CPU, options=options)


def untrained(name: str) -> Detector:
    """Build a method without training from its defaults, but for few components."""
    shape = torch.Size([1, 8, 24, 30])
    few = {option: value for option, value in SMALL.items() if METHODS[name].has(option)}
    return build_detector(name, shape, device=CPU, options=options_of(name) | few)


@cache
def results_alone(name: str, seed: int) -> tuple[Tensor, Tensor | None]:
    """Return scores and reconstruction of a planted image by a detector that has seen no other."""
    given = planted(seed)
    results = untrained(name).detect(given)
    assert torch.equal(given, planted(seed))  # it may be the cube of the scene itself
    return results


def planted(seed: int = 1) -> Tensor:
    """Make a random image with a pixel that stands out, (1, 8, 24, 30)."""
    cube = 0.1 * torch.rand(24, 30, 8, generator=torch.Generator().manual_seed(seed))
    cube[11, 17] = torch.tensor([9.0, *[0] * 7])
    return cube_to_image(cube.numpy())


def image() -> Tensor:
    return torch.rand(1, 3, 9, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", UNTRAINED)
def test_builders_without_training_take_a_cube_their_options_and_a_progress(name: str) -> None:
    (cube, *options) = inspect.signature(import_named(METHODS[name].builder)).parameters.values()
    assert cube.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = {option.name for option in options}
    assert names == set(METHODS[name].options) - {*SCORING} | {"progress"}
    assert all(option.kind is inspect.Parameter.KEYWORD_ONLY for option in options)


@pytest.mark.parametrize("name", UNTRAINED)
def test_methods_without_training_score_with_the_defaults(name: str) -> None:
    detector = untrained(name)
    assert isinstance(detector, UntrainedDetector) and detector.parameters == 0
    assert list(detector.train(planted(), epochs=0)) == []
    scores, reconstruction = results_alone(name, 1)
    assert reconstruction is None and detector.warning(planted()) == ""
    assert scores.shape == (24, 30) and scores.isfinite().all()
    if name not in ("kifd", "lrasr"):  # three components, or a few atoms, of noise miss a pixel
        row, column = divmod(int(scores.argmax()), 30)
        assert max(abs(row - 11), abs(column - 17)) <= (2 if name == "glrt2s" else 0)  # its patch


@pytest.mark.parametrize("name", ["aed", "frfe", "median", "msrfqft", "rpca_rx"])
def test_progress_rises_by_parts(name: str) -> None:
    shares: list[float] = []
    detector = untrained(name)
    detector.progress = shares.append
    detector.detect(planted())
    assert shares == sorted(shares) and len(shares) > 2 and shares[-1] <= 1
    assert shares[0] < 0.5 < shares[-1]


@pytest.mark.parametrize("name", FITTED)
def test_a_kept_background_scores_its_own_image_alike_and_others_by_itself(name: str) -> None:
    detector = untrained(name)
    detector.keep_background(planted())
    assert torch.equal(detector.detect(planted())[0], results_alone(name, 1)[0])
    assert not torch.equal(detector.detect(planted(2))[0], results_alone(name, 2)[0])


def test_a_method_that_keeps_no_background_scores_every_image_alone() -> None:
    detector = untrained("median")
    detector.keep_background(planted())
    assert torch.equal(detector.detect(planted(2))[0], results_alone("median", 2)[0])


def test_networks_have_no_other_background_than_their_weights() -> None:
    trainer = build("lfeb")
    before, (scores, _) = trainer.weights(), trainer.detect(image())
    trainer.keep_background(image())
    assert torch.equal(trainer.detect(image())[0], scores)
    assert all(torch.equal(before[key], value) for key, value in trainer.weights().items())
    assert trainer.parameters == sum(value.numel() for value in trainer.network.parameters()) > 0


@pytest.mark.parametrize("name", TRAINED)
def test_building_a_detector_is_building_its_trainer(name: str) -> None:
    options = options_of(name, "--nch_ker", "16")
    torch.manual_seed(0)
    detector = build_detector(name, torch.Size([1, 3, 9, 8]), device=CPU, options=options)
    assert isinstance(detector, Trainer) and type(detector) is type(build(name))
    drawn = build(name).weights()
    assert all(torch.equal(drawn[key], value) for key, value in detector.weights().items())


def test_options_that_save_memory_reach_the_networks_that_have_them() -> None:
    options = {**options_of("lfeb", "--nch_ker", "16"), "recompute": True}
    assert build_network("lfeb", bands=3, options=options).recompute
    options = {**options_of("autoad", "--nch_ker", "16"), "recompute": True}
    build_trainer("autoad", torch.Size([1, 3, 9, 8]), device=CPU, options=options)


@pytest.mark.parametrize("name", TRAINED)
def test_trainers_take_a_step_from_the_defaults(name: str) -> None:
    trainer = build(name)
    before = trainer.weights()
    assert [epoch for epoch, _ in trainer.train(image(), epochs=1)] == [1]
    after = trainer.weights()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    # masks and noise stay, and so does wqk where its gradient is next to none
    # weight and bias of the last layer
    last = [name for name, _ in trainer.network.named_parameters()][-2:]
    assert {*last} <= changed
    assert trainer.reconstruct(image()).shape == image().shape


@pytest.mark.parametrize("name", TRAINED)
def test_the_options_of_the_optimiser_arrive(name: str) -> None:
    (group,) = build(
        name, "--learning_rate", "0.025", "--weight_decay", "0.5"
    ).optimiser.param_groups
    assert (group["lr"], group["weight_decay"]) == (0.025, 0.5)
    own = {"superad": (0.5, 0.8), "directnet": (0.5, 0.999), "bs3lnet": (0.5, 0.999)}
    others = (0.5, 0.999) if METHODS[name].blind_spot else (0.9, 0.999)
    assert group["betas"] == own.get(name, others)


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
    for supported, available in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr("model.precision.has_bf16", lambda device, known=supported: known)
        assert build("nl2net", "--precision", "bf16", *words).precision == available
    assert build("nl2net", "--precision", "tf32", *words).precision == "fp32"


def test_ablations_have_the_parts_of_their_names() -> None:
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
