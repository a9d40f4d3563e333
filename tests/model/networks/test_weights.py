"""Loading weights that fit a network, and refusing those that do not."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from model.build import build_network
from model.networks.nl2net import NL2Net
from model.networks.weights import load_strictly, options_from_weights
from options.parse import resolve

Weights = dict[str, Tensor]


def network(**options: object) -> NL2Net:
    return NL2Net(**({"bands": 3, "channels": 4, "mode": ["na", "ss"]} | options))  # type: ignore[arg-type]


def test_all_weights_are_loaded() -> None:
    source, target = network(), network()
    load_strictly(target, source.state_dict())
    state = target.state_dict()
    assert all(torch.equal(state[name], value) for name, value in source.state_dict().items())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bands": 5}, r"bands 5 \(expected: 3\)"),
        ({"channels": 6}, r"nch_ker 6 \(expected: 4\)"),
        (
            {"mode": ["na", "na", "ss"]},
            r"nblk 3 \(expected: 2\), mode na-na-ss \(expected: na-ss\)",
        ),
        ({"mode": ["ss", "na"]}, r"mode ss-na \(expected: na-ss\)"),
        ({"mode": ["na", "na"]}, r"of mode na-na \(expected: na-ss\)$"),
        ({"ss_exp_factor": 1.5}, r"ss_exp_factor 1.5 \(expected: 1\)"),
    ],
)
def test_differing_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_strictly(network(), network(**options).state_dict())


def without(name: str) -> Callable[[Weights], Weights]:
    return lambda weights: {key: value for key, value in weights.items() if key != name}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda weights: {}, "does not hold the weights of NL2Net"),
        (lambda weights: {"head.0.weight": torch.zeros(3)}, "does not hold the weights"),
        (without("tail.2.bias"), "tail.2.bias"),
        (lambda weights: weights | {"extra": torch.zeros(1)}, "extra"),
        (lambda weights: weights | {"tail.2.bias": torch.zeros(9)}, "tail.2.bias"),
        (lambda weights: weights | {"branch2.body.7.wqk": torch.zeros(4)}, "wqk"),
        (lambda weights: weights | {"branch2.body.7.wqk": torch.zeros(())}, "wqk"),
        (lambda weights: weights | {"branch2.body.7.wqk": torch.zeros(5, 4)}, "wqk"),
        (lambda weights: weights | {"tail.2.bias": torch.full((2,), torch.nan)}, "NaN or inf"),
        (
            lambda weights: weights | {"branch1.body.0.mask": 1 - weights["branch1.body.0.mask"]},
            "branch1.body.0.mask",
        ),
    ],
)
def test_unsuitable_weights_are_refused(spoil: Callable[[Weights], Weights], message: str) -> None:
    target = network()
    before = {name: value.clone() for name, value in target.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        load_strictly(target, spoil(network().state_dict()))
    assert all(torch.equal(before[name], value) for name, value in target.state_dict().items())


@pytest.mark.parametrize("name", ["apbsn", "nl2net", "pdbsnet", "ssbsn"])
def test_options_are_read_from_the_weights(name: str) -> None:
    _, options = resolve({"method": name, "nch_ker": 4, "nblk": 3})
    weights = build_network(name, bands=5, options=options).state_dict()
    found = options_from_weights(weights)
    assert (found["bands"], found["nch_ker"], found["nblk"]) == (5, 4, 3)
    modes = {"nl2net": ("na", "ss", "ss"), "ssbsn": ("na", "na", "ss")}
    assert found.get("mode") == modes.get(name)


def test_importing_the_networks_draws_no_random_numbers() -> None:
    """They are imported after a training has been seeded."""
    code = (
        "import torch; before = torch.get_rng_state(); import model.build, model.networks.weights; "
        "import sys; sys.exit(not torch.equal(before, torch.get_rng_state()))"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
