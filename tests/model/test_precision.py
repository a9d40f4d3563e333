"""Precision and determinism of computations."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from model.networks.nl2net import NL2Net
from model.precision import (
    available_precision,
    deterministic_kernels,
    in_full_precision,
    tf32_switches,
    use_precision,
)
from model.trainers.trainer import Trainer
from tests.cuda_stand_in import CudaStandIn

CPU = torch.device("cpu")


def train(precision: str) -> tuple[Trainer, list[float]]:
    """Train a tiny network for 10 steps in a precision; return it and the losses."""
    torch.manual_seed(0)
    network = NL2Net(bands=3, channels=8, mode=["na"])
    trainer = Trainer(network, learning_rate=1e-2, precision=precision)
    return trainer, [loss for _, loss in trainer.train(image(), epochs=10)]


def image() -> Tensor:
    return torch.rand(1, 3, 8, 10, generator=torch.Generator().manual_seed(1))


def test_bf16_learns_as_fp32_does() -> None:
    (_, full), (_, half) = train("fp32"), train("bf16")
    assert full[-1] < 0.8 * full[0]
    assert half != full  # bf16 is in use
    assert half == pytest.approx(full, rel=0.03)


def test_bf16_keeps_weights_loss_and_reconstruction_in_float32() -> None:
    outputs, targets, layers = [], [], []

    def loss(output: Tensor, target: Tensor) -> Tensor:
        outputs.append(output)
        targets.append(target)
        return (output - target).abs().mean()

    network = NL2Net(bands=3, channels=8, mode=["na"])
    network.tail[4].register_forward_hook(lambda _, __, output: layers.append(output.dtype))
    trainer = Trainer(network, loss=loss, precision="bf16")
    list(trainer.train(image(), epochs=1))
    assert layers == [torch.bfloat16]
    assert (outputs[0].dtype, targets[0].dtype) == (torch.float32, torch.float32)
    for parameter in network.parameters():
        assert parameter.dtype == torch.float32
        assert parameter.grad is not None and parameter.grad.dtype == torch.float32
    assert torch.equal(targets[0], image())  # not rounded to 8 bits
    scores, rebuilt = trainer.detect(image())
    assert rebuilt is not None and rebuilt.dtype == scores.dtype == torch.float32
    assert not torch.equal(scores, scores.bfloat16().float())


def flags() -> tuple[bool, bool]:
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


@pytest.fixture
def flags_restored() -> Iterator[None]:
    """Restore the flags after a test; monkeypatch cannot, as they cannot be deleted."""
    before = flags()
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


@pytest.mark.parametrize(("precision", "inside"), [("fp32", False), ("tf32", True), ("bf16", True)])
@pytest.mark.parametrize("before", [(False, True), (True, False)])
@pytest.mark.usefixtures("flags_restored")
def test_tf32_is_limited_to_the_block(
    before: tuple[bool, bool], precision: str, inside: bool
) -> None:
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before
    with use_precision(precision, CPU):
        holders, name, off, on = tf32_switches()
        assert {getattr(holder, name) for holder in holders} == {on if inside else off}
        assert torch.is_autocast_enabled("cpu") == (precision == "bf16")
        assert in_full_precision(torch.zeros(1)) == (precision == "fp32")
    assert flags() == before  # raises where old and new switches of PyTorch are mixed
    with pytest.raises(ZeroDivisionError), use_precision(precision, CPU):
        raise ZeroDivisionError
    assert flags() == before and not torch.is_autocast_enabled("cpu")


@pytest.mark.skipif(
    not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="PyTorch before 2.9"
)
@pytest.mark.usefixtures("flags_restored")
def test_the_switches_of_a_caller_are_restored() -> None:
    """Also where they are not all alike, which PyTorch's older switches cannot say."""
    backends: Any = torch.backends
    holders = backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn
    before = ["tf32", "ieee", "tf32"]
    for holder, value in zip(holders, before, strict=True):
        holder.fp32_precision = value
    with use_precision("fp32", CPU):
        assert {holder.fp32_precision for holder in holders} == {"ieee"}
    assert [holder.fp32_precision for holder in holders] == before


def test_deterministic_kernels_are_limited_to_the_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    cuda = CudaStandIn()
    cuda.install(monkeypatch)
    cudnn, deterministic = torch.backends.cudnn, torch.utils.deterministic
    monkeypatch.setattr(cudnn, "benchmark", True)
    with deterministic_kernels(torch.device("cuda", 1)):
        assert torch.get_deterministic_debug_mode() == 2  # other kernels raise
        assert (cudnn.deterministic, cudnn.benchmark) == (True, False)
        assert not deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
        assert cuda.device == 1
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert torch.get_deterministic_debug_mode() == 0
    assert (cudnn.deterministic, cudnn.benchmark) == (False, True)
    assert deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    with deterministic_kernels(CPU):  # whose kernels are deterministic anyway
        assert torch.get_deterministic_debug_mode() == 0


@pytest.mark.parametrize("supported", [True, False])
def test_bf16_is_used_where_the_device_has_it(
    monkeypatch: pytest.MonkeyPatch, supported: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: supported)
    generation = 8 if supported else 7  # Turing, which emulates it
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (generation, 0))
    found = "bf16" if supported else "fp32"
    on_cpu = [available_precision(p, CPU) for p in ("fp32", "tf32", "bf16")]
    assert on_cpu == ["fp32", "fp32", found]
    on_cuda = [available_precision(p, torch.device("cuda")) for p in ("fp32", "tf32", "bf16")]
    assert on_cuda == ["fp32", "tf32", found]
