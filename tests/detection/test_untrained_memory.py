"""Methods without training that do not fit into memory are refused before they start."""

import math

import pytest
import torch

from detection import memory_plan, untrained_memory
from detection.memory_estimate import LiveTensors
from detection.memory_plan import plan_memory
from detection.untrained_memory import check_untrained_memory, memory_needed
from model.build import build_detector
from model.methods import METHODS
from options.parse import resolve
from utils.errors import InputError

LARGE = [name for name, method in METHODS.items() if method.memory or method.copies]
IN_NUMPY = {"aed", "msrfqft", "kifd", "gtvlrr", "lrasr"}  # at least in part


@pytest.mark.parametrize("method", LARGE)
def test_what_does_not_fit_is_refused(method: str) -> None:
    _, options = resolve({"method": method})
    for enough in (2**40, None):
        check_untrained_memory(method, (400, 400, 200), options, available=enough)
    with pytest.raises(
        InputError, match=rf"--method {method} on 400×400×200 needs about .* 0.5 GiB"
    ):
        check_untrained_memory(method, (400, 400, 200), options, available=2**29)


def test_methods_that_work_in_parts_need_no_copies() -> None:
    parts = {name for name, method in METHODS.items() if not method.trained} - set(LARGE)
    assert {"rx", "lrx", "crd", "glrt2s"} <= parts
    for method in parts:
        options = resolve({"method": method})[1]
        check_untrained_memory(method, (400, 400, 200), options, available=0)


@pytest.mark.parametrize("method", LARGE)
def test_the_memory_that_counts_is_that_of_the_device(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even with a CUDA device, some methods compute on the CPU."""
    options = resolve({"method": method})[1]
    small = "cpu" if METHODS[method].on_cpu else "cuda"
    monkeypatch.setattr(
        memory_plan, "available_memory_on", lambda device: 0 if device.type == small else 2**40
    )
    with pytest.raises(InputError, match="0.0 GiB are available"):
        plan_memory(
            method, (400, 400, 200), options=options, device=torch.device("cuda"), training=False
        )


@pytest.mark.parametrize("method", LARGE)
def test_estimates_grow_with_the_scene(method: str) -> None:
    _, options = resolve({"method": method})
    small, large = (
        memory_needed(method, shape, options) for shape in ((100, 150, 90), (200, 300, 90))
    )
    assert large > small > 0


@pytest.mark.parametrize("method", [name for name in LARGE if name not in IN_NUMPY])
def test_estimates_are_near_the_memory_of_all_tensors(method: str) -> None:
    """At most a tenth too low, which is the margin, and a quarter too high."""
    shape = (30, 40, 48)
    _, options = resolve({"method": method})
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, shape[2], *shape[:2], generator=generator)
    detector = build_detector(method, image.shape, device=torch.device("cpu"), options=options)
    with LiveTensors() as live:
        detector.detect(image)
    estimate = memory_needed(method, shape, options)
    assert 0.75 * estimate < live.peak < untrained_memory.MARGIN * estimate, (
        f"{live.peak / 8 / math.prod(shape):.1f} copies"
    )
