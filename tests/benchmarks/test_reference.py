"""The baseline of the benchmarks is independent of the network that it is compared with."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import reference
from benchmarks.reference import PlainNL2Net
from model.networks.nl2net import NL2Net


def test_it_is_a_formulation_of_its_own() -> None:
    source = Path(reference.__file__).read_text(encoding="utf-8")
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", source, re.MULTILINE))
    assert imported == {"collections", "math", "torch"}


@pytest.mark.parametrize("size", [(1, 1), (13, 11), (24, 31)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"factor": 1},
        {"factor": 3},
        {"mode": ("ss",) * 6},
        {"mode": ("ss",), "f_scale": 1, "ss_exp_factor": 0.5},
    ],
    ids=["defaults", "factor 1", "factor 3", "all ss", "narrow queries"],
)
def test_it_agrees_with_the_network_in_use(size: tuple[int, int], options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    baseline = PlainNL2Net(bands=7, channels=16, **options)
    torch.manual_seed(0)
    network = NL2Net(bands=7, channels=16, **options)
    with torch.no_grad():  # attention that matters: as drawn, similarities hardly differ
        for name, values in baseline.named_parameters():
            values.mul_(2 if name.endswith("weight") else 1)
    network.load_state_dict(baseline.state_dict())
    image = torch.rand(1, 7, *size)
    expected = baseline(image)
    assert expected.std() > 1e-2  # the outputs depend on more than the last bias
    torch.testing.assert_close(network(image), expected, rtol=1e-5, atol=1e-5)
