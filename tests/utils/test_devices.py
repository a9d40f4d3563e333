"""The selected device, with and without CUDA."""

import pytest
import torch

from utils.devices import describe_device, select_device, start_device
from utils.errors import InputError


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Model X")


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_gpu")
def test_without_cuda_it_is_the_cpu_with_the_reason() -> None:
    device = select_device([3])
    assert device == torch.device("cpu")
    assert describe_device(device, requested=[3]) == "the CPU (no CUDA on this machine)"
    assert describe_device(device, requested=[-1]) == "the CPU"


@pytest.mark.usefixtures("two_gpus")
def test_the_first_of_the_requested_devices() -> None:
    assert select_device([-1]) == torch.device("cpu")
    assert select_device([1]) == torch.device("cuda:1")
    device = select_device([1, 0])
    assert device == torch.device("cuda:1")
    assert describe_device(device, requested=[1]) == "cuda:1, Model X"
    assert "one image needs one device" in describe_device(device, requested=[1, 0])


@pytest.mark.usefixtures("two_gpus")
def test_a_device_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def zeros(_: int, *, device: torch.device) -> None:
        if device.type == "cuda":
            raise RuntimeError("CUDA error: all CUDA-capable devices are busy\nCompile with ...")

    monkeypatch.setattr(torch, "zeros", zeros)
    line = r"cuda:1 cannot be used \(CUDA error: all CUDA-capable devices are busy\); -1 is the CPU"
    with pytest.raises(InputError, match=line):
        start_device([1])
    assert start_device([-1]) == torch.device("cpu")


@pytest.mark.usefixtures("two_gpus")
def test_a_missing_device_is_named() -> None:
    with pytest.raises(InputError, match=r"no CUDA device 2, 7 on this machine \(it has 0, 1;"):
        select_device([0, 2, 7])
