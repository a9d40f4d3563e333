"""Weights in the checkpoints of other programs: used where there is one reading, else refused."""

import re
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from model.build import build_trainer
from model.methods import METHODS
from model.networks.nl2net import NL2Net
from model.trainers.trainer import Trainer
from options.parse import resolve
from tests.conftest import CommandLine
from training.checkpoints.save_and_load import load_weights, save_checkpoint
from training.checkpoints.wrapped_weights import AROUND, OWN
from utils.errors import InputError

Weights = dict[str, Tensor]
MARK = "\N{REPLACEMENT CHARACTER}"  # in place of control characters
PREDICT = ("--command", "predict", "--dataset")


def network(**options: Any) -> NL2Net:
    return NL2Net(**{"bands": 3, "channels": 4, "mode": ["na", "ss"], **options})


SOURCE = network()
STATE = SOURCE.state_dict()


def prefixed(*prefixes: str) -> Weights:
    return {prefix + name: value for prefix in prefixes for name, value in STATE.items()}


def optimiser() -> dict[str, Any]:
    """Return the state of an optimiser after a step."""
    trained = network()
    adam = torch.optim.Adam(trained.parameters())
    trained(torch.rand(1, 3, 8, 8)).sum().backward()
    adam.step()
    return adam.state_dict()


LIGHTNING = {
    **{"epoch": 3, "global_step": 5, "pytorch-lightning_version": "2.4.0", "hparams_name": "kw"},
    "state_dict": prefixed("model."),
    "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 3}}}},
    "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(1.0)}},
    "optimizer_states": [optimiser()],
    "hyper_parameters": {"lr": 1e-3, "network": nn.Linear(1, 1), "args": Namespace(bands=3)},
}
USED: dict[str, tuple[Any, str]] = {
    "plain": (STATE, ""),
    "ordered": (OrderedDict(STATE), ""),
    "parameters": ({name: nn.Parameter(value) for name, value in STATE.items()}, ""),
    "DataParallel": (nn.DataParallel(SOURCE).state_dict(), "without the prefix 'module.'"),
    "compile": (prefixed("_orig_mod."), "without the prefix '_orig_mod.'"),
    "both": (
        prefixed("module._orig_mod."),
        "without the prefix 'module.' and '_orig_mod.'",
    ),
    "both turned": (
        prefixed("_orig_mod.module."),
        "without the prefix '_orig_mod.' and 'module.'",
    ),
    "three": (
        {"state_dict": prefixed("module.module.net.")},
        "of 'state_dict', without the prefix 'module.' and 'net.'",
    ),
    "a part compiled": (
        {name.replace("tail.", "tail._orig_mod."): value for name, value in STATE.items()},
        "without the prefix '_orig_mod.'",
    ),
    "FSDP": (
        prefixed("_fsdp_wrapped_module."),
        "without the prefix '_fsdp_wrapped_module.'",
    ),
    "average": (
        AveragedModel(SOURCE).state_dict(),
        "without the prefix 'module.', other entries omitted: 1",
    ),
    "any name": (prefixed("my.denoiser."), "without the prefix 'my.denoiser.'"),
    "state_dict": ({"epoch": 3, "state_dict": STATE, "optimizer": {}}, "of 'state_dict'"),
    **{
        name: ({name: STATE, "epoch": 1}, f"of '{name}'")
        for name in ("model", "model_state_dict", "net", "network", "weights", "params", "G")
    },
    "nested": (
        {"checkpoint": {"model": prefixed("module."), "step": 1}},
        "of 'checkpoint.model', without the prefix 'module.'",
    ),
    "next to an optimiser": ({"model": STATE, "optimizer": optimiser()}, "of 'model'"),
    "next to objects": (
        {"net": STATE, "args": Namespace(a=1), "best": np.float64(0.3), "seen": {1, 2}},
        "of 'net'",
    ),
    "next to another network": (
        {"G": STATE, "D": nn.Linear(2, 1).state_dict()},
        "of 'G'",
    ),
    "twice the same dict": ({"model": STATE, "state_dict": STATE}, "of 'state_dict'"),
    "Lightning": (LIGHTNING, "of 'state_dict', without the prefix 'model.'"),
    "with a loss": (
        prefixed("net.") | {"loss.weight": torch.ones(2)},
        "without the prefix 'net.', other entries omitted: 1",
    ),
    "float64": ({name: value.double() for name, value in STATE.items()}, "converted from float64"),
}


def load(value: Any, folder: Path) -> tuple[Weights, str]:
    """Save a checkpoint as torch does, and load it into another network."""
    torch.save(value, folder / "w.pth")
    trainer = Trainer(network())
    note = load_weights(trainer, folder / "w.pth")
    return trainer.weights(), note


@pytest.mark.parametrize("name", USED)
def test_weights_are_found_and_the_place_is_noted(tmp_path: Path, name: str) -> None:
    value, expected = USED[name]
    weights, note = load(value, tmp_path)
    assert note == expected
    assert list(weights) == list(STATE)
    assert all(torch.equal(weights[name], value) for name, value in STATE.items())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_of_fewer_bits_are_used_as_they_are(tmp_path: Path, dtype: torch.dtype) -> None:
    weights, note = load({name: value.to(dtype) for name, value in STATE.items()}, tmp_path)
    assert note == f"converted from {str(dtype).removeprefix('torch.')}"
    for name, value in STATE.items():
        assert weights[name].dtype == torch.float32
        assert torch.equal(weights[name], value.to(dtype).float())


def as_type(dtype: torch.dtype) -> Weights:
    return {name: value.to(dtype) for name, value in STATE.items()}


REFUSED: dict[str, tuple[Any, str]] = {
    "module": (SOURCE, "an object of 'model.networks.nl2net.NL2Net': save network.state_dict()"),
    "module in a dict": (
        {"epoch": 3, "model": SOURCE},
        "its entry 'model' is an object of 'model.networks.nl2net.NL2Net': save network.state_dict",
    ),
    "two": (
        {"model": STATE, "ema": dict(STATE)},
        "it holds 2 state dicts (of 'model'; of 'ema'): save the one to use alone",
    ),
    "two prefixes": (
        prefixed("model.", "ema_model."),
        "it holds 2 state dicts (without the prefix 'model.', other entries omitted: ",
    ),
    "two places with commands": (
        {"\x1b[2J": STATE, "\n" + 10**6 * "a": dict(STATE)},
        f"it holds 2 state dicts (of '{MARK}[2J'; of '{MARK}aa",
    ),
    "inner network of another method": (prefixed("bsn."), "does not hold the weights of NL2Net"),
    "other blocks": (
        {"state_dict": network(mode=["na", "na", "ss"]).state_dict()},
        "of nblk 3 (expected: 2), mode na-na-ss (expected: na-ss)",
    ),
    "other bands": (
        {f"module.{name}": value for name, value in network(bands=5).state_dict().items()},
        "bands 5 (expected: 3)",
    ),
    "float8": (as_type(torch.float8_e4m3fn), "a tensor of float8_e4m3fn, save it as float32"),
    "integers": (as_type(torch.int32), "is no weight but a tensor of int32"),
    "complex": (as_type(torch.complex64), "is no weight but a tensor of complex64"),
    "arrays": ({name: value.numpy() for name, value in STATE.items()}, "but a NumPy array"),
    "counter": (STATE | {"steps": torch.tensor(3)}, "'steps' is no weight but a tensor of int64"),
    "epoch among them": (STATE | {"epoch": 3}, "its entry 'epoch' is no weight but a int"),
    "too large": (
        {name: value.double() + 1e300 * (name == "tail.4.bias") for name, value in STATE.items()},
        "its entry 'tail.4.bias' has NaN or infinite values",
    ),
    "key of a tuple": (STATE | {("a", 1): torch.ones(1)}, "one of its keys, a tuple, names no"),
    "long key": (STATE | {"k" * 10**6: torch.ones(1)}, f"one of its keys, '{'k' * 50}', names no"),
    "key with commands": (
        STATE | {"a\x1b[2J\nmain.py: AUC: 1.0": torch.ones(1)},
        f"one of its keys, 'a{MARK}[2J{MARK}main.py",
    ),
    "far layer": (
        STATE | {"branch1.body.999999.x": torch.ones(1)},
        "its entry 'branch1.body.999999.x' is not as in NL2Net for this scene and these options "
        "(1, expected: none)",
    ),
    "list": ([STATE], "is no state dict but holds a list"),
    "nothing": ({"state_dict": {}}, "its entry 'state_dict' is no weight but a dict"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_others_are_refused_in_a_line(tmp_path: Path, name: str) -> None:
    value, message = REFUSED[name]
    with pytest.raises(InputError, match=re.escape(message)) as error:
        load(value, tmp_path)
    assert str(error.value).isprintable() and len(str(error.value)) < 600


def test_the_places_that_are_noted_are_printable(tmp_path: Path) -> None:
    _, note = load({"\x1b[2J\n": STATE}, tmp_path)
    assert note == f"of '{MARK}[2J{MARK}'"


def test_the_weights_of_a_training_state_are_used(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "x.state", {"trainer": Trainer(SOURCE).state(), "epochs": 3})
    trainer = Trainer(network())
    assert load_weights(trainer, tmp_path / "x.state") == "of 'trainer.weights'"
    assert all(torch.equal(trainer.weights()[name], value) for name, value in STATE.items())


def test_no_network_has_parts_named_like_wrappers() -> None:
    for method, record in METHODS.items():
        if record.trained:
            name, options = resolve({"method": method, "nch_ker": 4})
            shape, device = torch.Size((1, 3, 40, 40)), torch.device("cpu")
            names = build_trainer(name, shape, device=device, options=options).weights()
            assert not {part for name in names for part in name.split(".")} & AROUND
            assert all(OWN not in name.split(".")[1:] for name in names)


def test_predict_prints_what_it_took(small_scene: str, run: CommandLine) -> None:
    run("--command", "train", "--dataset", small_scene)
    (path,) = Path("checkpoints/small").glob("*/model/*.pkl")
    weights = torch.load(path, weights_only=True)
    torch.save({"state_dict": {f"module.{key}": value for key, value in weights.items()}}, "w.pth")
    auc = next(line for line in run(*PREDICT, small_scene).splitlines() if "AUC: " in line)
    printed = run(*PREDICT, small_scene, "--weights", "w.pth")
    assert "weights 'w.pth' (of 'state_dict', without the prefix 'module.')" in printed
    assert auc in printed.splitlines()
