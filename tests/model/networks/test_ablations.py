"""NL2Net without a branch or with another mask: parameters, weights, receptive field."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from model.networks.layers.layers import Mask, MaskedConv2d
from model.networks.nl2net import NL2Net

LFEB, NLFEB = 361_472, 591_232  # parameters of the branches at 64 channels and 6 blocks
ONE_BRANCH: list[dict[str, Any]] = [{"non_local": False}, {"local": False}]
ABLATIONS: list[dict[str, Any]] = [*ONE_BRANCH, {"mask": "pixel"}]


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("bands", [1, 102, 189])
@pytest.mark.parametrize(
    ("options", "branches"),
    [
        ({}, LFEB + NLFEB),
        ({"non_local": False}, LFEB),
        ({"local": False}, NLFEB),
        ({"mask": "pixel"}, LFEB + NLFEB),
    ],
)
def test_parameters(options: dict[str, Any], branches: int, bands: int) -> None:
    width = 128 if branches == LFEB + NLFEB else 64  # channels that enter the tail
    head = 64 * bands + 64
    tail = (64 * width + 64) + (32 * 64 + 32) + (bands * 32 + bands)
    assert count(NL2Net(bands=bands, **options)) == head + branches + tail


@pytest.mark.parametrize(
    ("options", "gone"), [(ONE_BRANCH[0], "branch2"), (ONE_BRANCH[1], "branch1")]
)
def test_weights_of_one_branch_are_named_as_those_of_both(
    options: dict[str, Any], gone: str
) -> None:
    both, one = NL2Net(bands=3).state_dict(), NL2Net(bands=3, **options).state_dict()
    assert list(one) == [key for key in both if not key.startswith(f"{gone}.")]
    differing = [key for key in one if one[key].shape != both[key].shape]
    assert differing == ["tail.0.weight"]  # its input has the features of one branch


def seeded(**options: Any) -> dict[str, Tensor]:
    torch.manual_seed(3)
    return NL2Net(bands=3, channels=6, **options).state_dict()


def test_the_order_of_the_parts_fixes_the_initial_weights() -> None:
    """One seed draws head, then branches, so that the parts before the missing one are the same."""
    both, local, pixel = seeded(), seeded(non_local=False), seeded(mask="pixel")
    drawn_before = [key for key in both if key.startswith(("head", "branch1"))]
    assert all(torch.equal(both[key], local[key]) for key in drawn_before)
    differing = [key for key in both if not torch.equal(both[key], pixel[key])]
    assert differing == ["branch1.body.0.mask", "branch2.body.0.mask"]


def test_the_published_network_is_the_default() -> None:
    explicit = seeded(local=True, non_local=True, mask="block")
    default = seeded()
    assert list(default) == list(explicit)
    assert all(torch.equal(default[key], explicit[key]) for key in default)
    assert (default["branch1.body.0.mask"] == 0).sum() == 9 * 6 * 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"local": False, "non_local": False}, "without a branch"),
        ({"mask": "none"}, "mask is none, must be pixel or block"),
        ({"mask": ""}, "mask is , must be pixel or block"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NL2Net(bands=3, **options)


@pytest.mark.parametrize("options", ABLATIONS)
@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (12, 12)])
def test_any_size(size: tuple[int, int], factor: int, options: dict[str, Any]) -> None:
    image = torch.rand(1, 3, *size)
    assert NL2Net(bands=3, channels=4, factor=factor, **options)(image).shape == image.shape


def influence(network: nn.Module, *, channels: int, size: tuple[int, int]) -> Tensor:
    """Return the largest |d output / d input| over the channels, (H, W, H, W).

    The first two axes are the pixel of the output, the last two that of the input.
    """
    image = torch.rand(1, channels, *size, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(network.double(), image, vectorize=True)
    return jacobian[0, :, :, :, 0].abs().amax(dim=(0, 3))  # (C, H, W, B, H, W) → (H, W, H, W)


def self_influence(influences: Tensor) -> Tensor:
    """Select the influence of every pixel on itself, (H, W)."""
    return influences.diagonal(dim1=0, dim2=2).diagonal(dim1=0, dim2=1)


@pytest.mark.parametrize("options", ABLATIONS)
@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("size", [(8, 8), (7, 10)])
def test_no_pixel_sees_itself(size: tuple[int, int], factor: int, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    network = NL2Net(bands=2, channels=16, factor=factor, mode=["na"] * 3, **options)
    seen = influence(network, channels=2, size=size)
    assert (self_influence(seen) == 0).all()
    assert (seen.amax(dim=(2, 3)) > 0).all()


def test_the_self_influence_of_a_visible_pixel_is_found() -> None:
    seen = influence(nn.Conv2d(2, 2, 1), channels=2, size=(3, 4))
    assert (self_influence(seen) > 0).all()
    assert (seen > 0).sum() == 12


@pytest.mark.parametrize(("mask", "nearest"), [("pixel", 1), ("block", 2)])
def test_the_receptive_field_of_a_masked_convolution(mask: Mask, nearest: int) -> None:
    """In the middle of 7×7 pixels: those of the 5×5 window at this distance or more."""
    torch.manual_seed(0)
    seen = influence(MaskedConv2d(3, dilation=3, mask=mask), channels=3, size=(7, 7))[3, 3]
    row, column = torch.meshgrid(torch.arange(7) - 3, torch.arange(7) - 3, indexing="ij")
    distance = torch.maximum(row.abs(), column.abs())
    assert torch.equal(seen > 0, (distance >= nearest) & (distance <= 2))


@pytest.mark.parametrize("factor", [1, 2])
def test_with_the_pixel_mask_the_eight_neighbours_are_visible(factor: int) -> None:
    """At a distance of `factor` pixels, because of the mosaic."""
    torch.manual_seed(0)
    network = NL2Net(bands=2, channels=6, factor=factor, mode=["na"], mask="pixel")
    seen = influence(network, channels=2, size=(9, 9))[4, 4]
    neighbours = seen[4 - factor : 5 + factor : factor, 4 - factor : 5 + factor : factor] > 0
    assert neighbours.tolist() == [[True] * 3, [True, False, True], [True] * 3]


def test_with_the_block_mask_the_entry_of_a_branch_hides_the_neighbours() -> None:
    """They are visible only through later blocks, 3 pixels from a tap 2 pixels away."""
    branch = NL2Net(bands=2, channels=6, factor=1, mask="block").branch1
    assert branch is not None
    entry = branch.body[:6]
    seen = influence(entry, channels=6, size=(9, 9))[4, 4]
    assert not seen[3:6, 3:6].any()
    assert seen.any()
