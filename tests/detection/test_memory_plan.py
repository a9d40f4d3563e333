"""Memory estimates, available memory, and runs that do not fit."""

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

import utils.free_memory
from detection import memory_estimate, memory_plan
from detection.memory_estimate import memory_needed, step_peak, upper_bound
from detection.memory_plan import available_memory_on, plan_memory
from model.build import build_trainer
from model.methods import METHODS
from model.networks.blind_spot import set_recompute
from model.networks.nl2net import NL2Net
from model.trainers.trainer import Trainer
from options.parse import resolve
from tests.conftest import CommandLine
from tests.training.checkpoints.weights import read_weights
from utils.errors import InputError

CPU = torch.device("cpu")
GIBIBYTE = 2**30
LARGE = (600, 500, 60)


def has(monkeypatch: pytest.MonkeyPatch, size: float | None) -> None:
    """Make so many bytes available."""
    monkeypatch.setattr(memory_plan, "available_memory_on", lambda device: size)


def trainer_of(
    method: str, shape: tuple[int, int, int], *, device: torch.device = CPU, **settings: Any
) -> tuple[Trainer, torch.Size]:
    """Build a trainer for a cube (H, W, B), and return it with the shape of the image."""
    name, options = resolve({"method": method, **settings})
    height, width, bands = shape
    size = torch.Size((1, bands, height, width))
    return build_trainer(name, size, device=device, options=options), size


@pytest.mark.parametrize("mode", [["na"], ["na", "ss"], ["ss", "na", "ss"]])
@pytest.mark.parametrize("branches", [{}, {"local": False}, {"non_local": False}])
def test_recomputing_changes_no_number(mode: list[str], branches: dict[str, Any]) -> None:
    network = NL2Net(bands=3, channels=6, mode=mode, **branches)
    image = torch.rand(1, 3, 13, 16)
    kept = {}
    for network.recompute in (False, True):
        network.zero_grad()
        loss = (network(image) - image).abs().mean()
        loss.backward()
        kept[network.recompute] = [loss.detach(), *(part.grad for part in network.parameters())]
    assert all(map(torch.equal, kept[False], kept[True]))


def test_recomputing_adds_nothing_to_a_checkpoint() -> None:
    network = NL2Net(bands=3, channels=4)
    names = list(network.state_dict())
    network.recompute = True
    assert list(network.state_dict()) == names


@pytest.mark.parametrize("recompute", [False, True])
def test_the_estimate_is_the_peak_of_a_step(recompute: bool) -> None:
    trainer, size = trainer_of("nl2net", (24, 30, 5), nch_ker=8)
    estimate = step_peak(trainer, size, training=True, recompute=recompute)
    set_recompute(trainer.network, recompute)
    with memory_estimate.LiveTensors() as live:
        image = torch.rand(1, 5, 24, 30)
        trainer.step(image, image, None)
    states = 3 * sum(part.nbytes for part in trainer.network.parameters())  # of Adam, and gradients
    assert live.peak - states <= estimate <= live.peak


def test_recomputing_and_tiles_and_the_preset_fast_need_less() -> None:
    def need(recompute: bool = False, training: bool = True, **settings: Any) -> int:
        built = trainer_of("nl2net", LARGE, **settings)
        return memory_needed(*built, training=training, recompute=recompute)

    whole = need()
    assert 4 * GIBIBYTE < whole < 8 * GIBIBYTE
    assert need(recompute=True) < 0.6 * whole
    assert need(preset="fast") < 0.6 * whole
    assert need(tile=128) < 0.2 * whole
    assert need(nch_ker=32) < 0.6 * whole
    assert need(training=False) < 0.3 * whole


def test_no_note_where_it_fits_or_memory_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    for method, size in (("nl2net", None), ("nl2net", 50 * GIBIBYTE), ("rx", 0)):
        has(monkeypatch, size)
        options = resolve({"method": method})[1]
        assert plan_memory(method, LARGE, options=options, device=CPU, training=True) == ""


def test_the_tile_that_is_suggested_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, GIBIBYTE)
    options = resolve({"method": "nl2net"})[1]
    with pytest.raises(
        InputError, match=r"600×500×60 needs about \d\.\d GiB of .* 1\.0 GiB"
    ) as error:
        plan_memory("nl2net", LARGE, options=options, device=CPU, training=True)
    (side,) = map(int, re.findall(r"--tile (\d+) ", str(error.value)))
    assert side % 64 == 0 and 64 < side < 500
    tiled = trainer_of("nl2net", LARGE, tile=side)
    assert memory_needed(*tiled, training=True, recompute=True) <= GIBIBYTE


@pytest.mark.parametrize("settings", [{"preset": "fast"}, {"score": "deviation"}])
def test_no_tiles_are_suggested_that_the_options_refuse(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    has(monkeypatch, GIBIBYTE)
    with pytest.raises(InputError, match="--tile"):
        resolve({"method": "nl2net", "tile": 256, **settings})
    options = resolve({"method": "nl2net", **settings})[1]
    with pytest.raises(InputError, match="available: a smaller --nch_ker or a smaller image"):
        plan_memory("nl2net", (900, 900, 60), options=options, device=CPU, training=True)


def test_auto_ad_has_no_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, 2**20)
    options = resolve({"method": "autoad", "nch_ker": 8})[1]
    with pytest.raises(InputError, match="available: a smaller --nch_ker or a smaller image"):
        plan_memory("autoad", (80, 80, 9), options=options, device=CPU, training=True)


@pytest.mark.parametrize("method", ["gthad", pytest.param("smhad", marks=pytest.mark.slow)])
def test_networks_on_blocks_have_no_tiles(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, 2**20)
    options = resolve({"method": method, "nch_ker": 8, "batch_size": 4})[1]
    with pytest.raises(InputError, match="available: a smaller --batch_size, --nch_ker or image"):
        plan_memory(method, (80, 80, 9), options=options, device=CPU, training=True)


@pytest.mark.parametrize("command", ["train", "predict", "run"])
def test_what_does_not_fit_is_refused(
    command: str, small_scene: str, refusal: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    has(monkeypatch, 2**20)
    message = refusal("--command", command, "--dataset", small_scene)
    work = "prediction" if command == "predict" else "training"
    required = f"{work} on 13×11×5 needs about 0.3 GiB of memory"
    assert f"{required}, but only 0.0 GiB are available" in message
    assert "--nch_ker" in message


def test_a_training_that_fits_only_with_checkpointing_recomputes(
    small_scene: str, run: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--command", "train", "--dataset", small_scene)
    assert "activation checkpointing" not in run(*words)
    (path,) = workplace.rglob("*_2.pkl")
    expected = read_weights(path)
    small = trainer_of("nl2net", (13, 11, 5), nch_ker=4, nblk=2)
    has(monkeypatch, memory_needed(*small, training=True, recompute=True))
    calls: list[None] = []
    monkeypatch.setattr(memory_plan, "return_freed_memory", lambda: calls.append(None))
    built: list[NL2Net] = []
    monkeypatch.setattr(NL2Net, "checkpointed", recording(NL2Net.checkpointed, built))
    printed = run(*words, "--overwrite")
    assert "small: training needs about 0.3 GiB of 0.3 GiB available: using activation " in printed
    assert calls and built[-1].recompute
    weights = read_weights(path)
    assert all(torch.equal(weights[name], value) for name, value in expected.items())


def recording(method: Any, networks: list[NL2Net]) -> Any:
    """Wrap a method so that it notes the networks it is called on."""

    def noted(network: NL2Net, *args: Any) -> Any:
        networks.append(network)
        return method(network, *args)

    return noted


def machine(folder: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> int | None:
    """Return the memory available where the system's files have these contents."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for constant, name in (("PROCESS", "cgroup"), ("MACHINE", "meminfo"), ("CGROUPS", "groups")):
        monkeypatch.setattr(utils.free_memory, constant, folder / name)
    return available_memory_on(CPU)


FREE = {"meminfo": "MemTotal: 900 kB\nMemAvailable: 500 kB\nHugePages_Total: 0\n"}
V2 = {
    "cgroup": "0::/job/step\n",
    "groups/job/step/memory.max": "max\n",
    "groups/job/memory.max": "300000\n",
    "groups/job/memory.current": "200000\n",
    "groups/job/memory.stat": "anon 9\ninactive_file 50000\n",
}
V1 = {
    "cgroup": "5:cpu:/job\n4:memory:/job\n0::/\n",
    "groups/memory/memory.limit_in_bytes": "90000\n",
    "groups/memory/memory.usage_in_bytes": "20000\n",
    "groups/memory/memory.stat": "total_inactive_file 5000\n",
}
OPEN = {**V1, "groups/memory/memory.limit_in_bytes": "9223372036854771712\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        (FREE, 512_000),
        (FREE | V2, 150_000),
        (FREE | V1, 75_000),
        (FREE | OPEN, 512_000),
    ],
    ids=["no Linux", "no groups", "version 2", "version 1", "no limit"],
)
def test_available_memory(
    files: dict[str, str], expected: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine(tmp_path, monkeypatch, files) == expected


@pytest.mark.parametrize(
    ("method", "shape"), [("nl2net", (200, 4000, 100)), ("bocknet", (2000, 20, 100))]
)
def test_long_images_are_estimated_as_square_ones_are(
    method: str, shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """BockNet pads the second to 2000×2000 pixels."""
    has(monkeypatch, 8 * GIBIBYTE)
    monkeypatch.setattr(memory_plan, "return_freed_memory", lambda: None)
    options = resolve({"method": method})[1]
    settings: dict[str, Any] = {"options": options, "device": CPU, "training": True}
    assert memory_needed(*trainer_of(method, shape), training=True) > 8 * GIBIBYTE
    with pytest.raises(InputError, match="of memory") if method == "bocknet" else nullcontext():
        assert "activation checkpointing" in memory_plan.plan_memory(method, shape, **settings)


def test_on_cuda_the_graph_of_a_step_stays_while_the_image_is_reconstructed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peaks = {True: 2 * GIBIBYTE, False: GIBIBYTE}
    monkeypatch.setattr(memory_estimate, "step_peak", lambda *_, training, **__: peaks[training])
    trainer, size = trainer_of("nl2net", LARGE)
    trainer.device = torch.device("cuda")
    need = {training: memory_needed(trainer, size, training=training) for training in (True, False)}
    libraries = memory_estimate.CUDA_LIBRARIES
    reserved = memory_estimate.CUDA_FRAGMENTATION * 2 * GIBIBYTE + GIBIBYTE
    assert need[True] == pytest.approx(memory_estimate.MARGIN * (libraries + reserved))
    assert need[False] == pytest.approx(memory_estimate.MARGIN * (libraries + GIBIBYTE))


def test_on_cuda_weights_count_and_in_training_their_two_averages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer, size = trainer_of("nl2net", (12, 10, 5), nch_ker=8)
    monkeypatch.setattr(Trainer, "rehearse", lambda *_, **__: None)
    on_cpu = step_peak(trainer, size, training=True)
    trainer.device = torch.device("cuda")
    weights = sum(parameter.nbytes for parameter in trainer.network.parameters())
    assert step_peak(trainer, size, training=True) == on_cpu + 3 * weights
    assert step_peak(trainer, size, training=False) == on_cpu + weights


@pytest.mark.parametrize("method", ["autoad", "superad"])
def test_the_estimate_counts_outputs_that_are_kept(method: str) -> None:
    """Those of a later step: Super-AD's first one takes less than the others."""
    trainer, size = trainer_of(method, (24, 30, 40), nch_ker=4)
    estimate = step_peak(trainer, size, training=True)
    image = torch.rand(1, 40, 24, 30)
    peaks = []
    for epochs in (1, 2, 3):
        with memory_estimate.LiveTensors() as live:
            list(trainer.train(image, epochs=epochs))
        peaks.append(live.peak)
    assert 0.7 * peaks[-1] < estimate < 2 * peaks[-1]


TRAINED = [name for name, method in METHODS.items() if method.trained and not method.variant_of]


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        *(pytest.param(name, {}, marks=pytest.mark.slow) for name in TRAINED),
        ("nl2net", {"mode": "ss", "ss_exp_factor": 9}),
        ("superad", {"search_window": 25, "nch_ker": 4}),
        ("bs3lnet", {"nblk": 1, "nch_ker": 4}),
        pytest.param("smhad", {"states": 500, "nch_ker": 4}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_no_estimate_exceeds_the_upper_bound(method: str, settings: dict[str, Any]) -> None:
    """Even without the part of the bound that is for libraries."""
    trainer, size = trainer_of(method, (50, 60, 40), **settings)
    for training in (True, False):
        peak = step_peak(trainer, size, training=training)
        assert 1.5 * 1.1 * peak < upper_bound(trainer, size) - 2 * memory_estimate.LIBRARIES
