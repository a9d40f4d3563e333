"""Methods on a simulated CUDA device: device of every tensor, graphs, states, with values."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from model.build import build_detector, build_trainer
from model.detector import no_epoch
from model.methods import METHODS
from model.networks.layers.attention import ExactAttention, HalfAttention, attend
from model.precision import use_precision
from model.scoring.residuals import deviation
from model.trainers.autoad import AutoADTrainer
from model.trainers.blocks import BlockTrainer
from model.trainers.cuda_graph import WARM_UP, GraphedStep
from model.trainers.trainer import Trainer
from options.parse import resolve
from tests.simulated_cuda.device import SimulatedCuda
from tests.simulated_cuda.tensors import CUDA, DeviceTensor
from utils.seeds import seed_everything

CPU = torch.device("cpu")
EPOCHS = WARM_UP + 2
IMAGE = torch.rand(1, 8, 12, 12, generator=torch.Generator().manual_seed(0))
GAPS = IMAGE.clone()
GAPS[0, :, 3:5, 4] = torch.nan
TRAINED = [name for name, method in METHODS.items() if method.trained and not method.variant_of]
UNTRAINED = [name for name, method in METHODS.items() if not method.trained]
# lfeb, nlfeb and pixel_mask are parts of NL2Net; GTVLRR computes on the CPU
SLOW = {"smhad", "lfeb", "nlfeb", "pixel_mask", "gtvlrr"}
WITHOUT_GRAPH = {"autoad", "superad"}  # their steps depend on their number
SETTINGS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("lrasr", "gtvlrr"), {"clusters": 3, "atoms": 4}),
    **dict.fromkeys(("lrx", "crd"), {"inner_window": 3, "outer_window": 7}),
    **dict.fromkeys(("lsmad", "pta"), {"rank": 3}),
    "pca_tlrsr": {"components": 3},
    "kifd": {"components": 5, "trees": 10},
}


def marked(methods: Sequence[str]) -> list[Any]:
    """Mark the slow ones of some methods."""
    slow = [pytest.mark.slow]
    return [pytest.param(name, marks=slow if name in SLOW else []) for name in methods]


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedCuda]:
    """Provide the simulated device."""
    with SimulatedCuda(monkeypatch) as simulated:
        yield simulated


def trainer_of(method: str, device: torch.device = CUDA, **settings: Any) -> Trainer:
    """Build a trainer with its weights from a seed."""
    small = {"nblk": 1, "batch_size": 60 if "net" in method else 12, "nch_ker": 8}
    own = {option: value for option, value in small.items() if METHODS[method].has(option)}
    name, options = resolve({"method": method, **own, **settings})
    seed_everything(1)
    return build_trainer(name, IMAGE.shape, device=device, options=options)


def train(trainer: Trainer, image: Tensor = IMAGE, *, epochs: int = EPOCHS) -> list[Any]:
    """Train; return the losses, and the map as a list."""
    losses = [loss for _, loss in trainer.train(image, epochs=epochs, observed=no_epoch)]
    return [losses, trainer.detect(image)[0].nan_to_num(-1).tolist()]


def train_both_ways(
    cuda: SimulatedCuda, patch: pytest.MonkeyPatch, image: Tensor, **settings: Any
) -> tuple[list[Any], list[Any]]:
    """Train with graphs and without; return the results of both."""
    graphed = train(trainer_of(**settings), image)
    patch.setattr(GraphedStep, "capture", lambda _: None)
    return graphed, train(trainer_of(**settings), image)


@pytest.mark.parametrize("method", marked(TRAINED))
def test_replays_take_the_steps_that_calls_take(
    cuda: SimulatedCuda,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    with caplog.at_level(logging.WARNING):
        graphed, called = train_both_ways(cuda, monkeypatch, IMAGE, method=method)
    assert graphed == called
    assert not caplog.messages  # no capture has failed
    # batches of the last size of an epoch have a graph of their own
    expected = 0 if method in WITHOUT_GRAPH else 2 if METHODS[method].has("batch_size") else 1
    assert len(cuda.graphs) == expected
    assert (cuda.replays > 0) == (expected > 0)


def test_a_graph_reads_which_blocks_are_open(
    cuda: SimulatedCuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = []
    for _ in ("with graphs", "without"):
        trainer = trainer_of("gthad", search_every=WARM_UP + 2, learning_rate=0.02)
        losses.append([loss for _, loss in trainer.train(IMAGE, epochs=WARM_UP + 4)])
        assert isinstance(trainer, BlockTrainer) and trainer.open_blocks.any()
        monkeypatch.setattr(GraphedStep, "capture", lambda _: None)
    assert cuda.replays > 2 and losses[0] == losses[1]


def test_steps_that_depend_on_their_number_do_not_run_ahead(cuda: SimulatedCuda) -> None:
    losses = []
    for device in (CPU, CUDA):
        trainer = trainer_of("autoad", device)
        assert isinstance(trainer, AutoADTrainer)
        trainer.reweight_every = 2  # pixels have other weights then, and so has the loss
        steps = trainer.train(IMAGE, epochs=EPOCHS, observed=no_epoch)
        losses.append([loss for _, loss in steps])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert losses[0][2] < 0.9 * losses[0][1]


@pytest.mark.parametrize("image", [IMAGE, GAPS], ids=["complete", "with gaps"])
@pytest.mark.parametrize(
    "settings", [{"preset": "fast", "precision": "fp32"}, {"tile": 6}], ids=str
)
def test_tiles_of_a_size_share_a_graph(
    cuda: SimulatedCuda, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], image: Tensor
) -> None:
    graphed, called = train_both_ways(cuda, monkeypatch, image, method="nl2net", **settings)
    assert graphed == called  # at the learning rate of the preset, another in every step
    assert len(cuda.graphs) <= 1  # tiles with no-data pixels are in none
    assert cuda.replays == EPOCHS - WARM_UP or image is GAPS


def test_a_training_from_the_cpu_continues_in_a_graph(cuda: SimulatedCuda) -> None:
    on_cpu = trainer_of("nl2net", CPU)
    list(on_cpu.train(IMAGE, epochs=2))
    state = on_cpu.state()
    other = trainer_of("nl2net")
    other.restore(state)
    for weight in other.network.parameters():  # the layout of the kernels, and of the averages
        assert weight.ndim != 4 or weight.is_contiguous(memory_format=torch.channels_last)
    continued, expected = (train(one, epochs=2 + EPOCHS) for one in (other, on_cpu))
    assert cuda.replays > 0
    torch.testing.assert_close(*map(torch.tensor, (continued[0], expected[0])))
    torch.testing.assert_close(*map(torch.tensor, (continued[1], expected[1])))


def test_the_branches_of_a_network_run_on_streams_of_their_own(cuda: SimulatedCuda) -> None:
    trainer_of("nl2net").reconstruct(IMAGE)
    assert cuda.streams == 1  # next to the current one
    cuda.streams = 0
    trainer_of("lfeb").reconstruct(IMAGE)
    assert cuda.streams == 0


@pytest.mark.parametrize(("precision", "form"), [("fp32", ExactAttention), ("tf32", HalfAttention)])
def test_the_form_of_the_attention_follows_from_the_precision(
    cuda: SimulatedCuda, precision: str, form: Any
) -> None:
    query, value = (torch.rand(1, 6, 5, 4).to(CUDA) for _ in range(2))
    with use_precision(precision, CUDA):
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.equal(attend(query, value)[0], form.apply(query[0], value[0]))


@pytest.mark.parametrize("method", marked(UNTRAINED))
def test_methods_without_training_score_as_on_the_cpu(cuda: SimulatedCuda, method: str) -> None:
    name, options = resolve({"method": method, **SETTINGS.get(method, {})})
    maps = []
    for device in (CPU, CUDA):
        detector = build_detector(name, GAPS.shape, device=device, options=options)
        maps.append(detector.detect(GAPS)[0])
    assert not isinstance(maps[1], DeviceTensor)
    torch.testing.assert_close(maps[1], maps[0], rtol=1e-6, atol=1e-9, equal_nan=True)


def test_residuals_of_the_device_are_scored_on_the_cpu(cuda: SimulatedCuda) -> None:
    torch.testing.assert_close(deviation([IMAGE.to(CUDA)]), deviation([IMAGE]))
