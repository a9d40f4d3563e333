"""The options that the names and shapes of weights determine."""

from typing import Any

import pytest
import torch

from model.networks.apbsn import SSBSN
from model.networks.nl2net import NL2Net
from model.networks.weights import width_factor
from training.checkpoints.shapes import options_of_shapes

MODE = ("ss", "na", "ss")
EXPECTED = {"nch_ker": 6, "nblk": 3, "mode": MODE}
WANTED = (*EXPECTED, "ss_exp_factor", "f_scale")


def weights(kind: type[NL2Net] | type[SSBSN]) -> dict[str, Any]:
    """The state dict of a network of two branches."""
    return dict(kind(bands=3, channels=6, depth=3, mode=MODE, ss_exp_factor=0.7).state_dict())


@pytest.mark.parametrize("kind", [NL2Net, SSBSN])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.module.", "network."])
def test_they_are_found_in_checkpoints_of_other_programs(
    kind: type[NL2Net] | type[SSBSN], prefix: str
) -> None:
    plain = weights(kind)
    named = {f"{prefix}{name}": value for name, value in plain.items()}
    for checkpoint in (named, {"epoch": 3, "model": named, "optimiser": {"step": 1}}):
        found = options_of_shapes(checkpoint, WANTED)
        factor = found.pop("ss_exp_factor")
        assert found == EXPECTED and int(6 * factor) == 4
    assert options_of_shapes(plain, ["nch_ker"]) == {"nch_ker": 6}


def test_other_checkpoints_determine_none() -> None:
    two = {"one": weights(NL2Net), "other": weights(NL2Net)}
    flat = {**weights(NL2Net), "head.0.weight": torch.zeros(0, 3, 1, 1)}
    for checkpoint in (two, flat, {}, None, {"head.0.weight": 3}, {3: torch.zeros(2)}):
        assert options_of_shapes(checkpoint, WANTED) == {}


def test_the_factor_gives_the_width_again() -> None:
    for channels in range(1, 70):
        for width in range(1, 140):
            assert int(channels * width_factor(width, channels)) == width
