"""NL2Net: parameters, options and blind spot."""

import pytest
import torch
from torch import Tensor, nn

from model.block_modes import default_mode
from model.networks.dual_branch import Branch
from model.networks.layers.layers import DilatedBlock, FeedForwardBlock
from model.networks.nl2net import NL2Net


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_parameters_of_the_published_network() -> None:
    network = NL2Net(bands=102)
    assert count(network) == 972_998
    parts = dict(network.named_children())
    assert count(parts["branch1"]) == 361_472
    assert count(parts["branch2"]) == 591_232
    network = NL2Net(bands=189)
    assert count(network) == 981_437
    assert len(network.state_dict()) == 88


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (7, 5), (12, 12)])
@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", [1, 3])
def test_any_size_factor_and_depth(size: tuple[int, int], factor: int, depth: int) -> None:
    network = NL2Net(bands=3, factor=factor, channels=4, mode=default_mode(depth))
    image = torch.rand(1, 3, *size)
    assert network(image).shape == image.shape


def test_a_given_factor_replaces_the_network_s_own() -> None:
    networks = {}
    for factor in (1, 2, 3):
        torch.manual_seed(0)
        networks[factor] = NL2Net(bands=3, factor=factor, channels=4)
    image = torch.rand(1, 3, 13, 11)
    outputs = {factor: network(image) for factor, network in networks.items()}
    for own, network in networks.items():
        for factor, output in outputs.items():
            assert torch.equal(network(image, factor=factor), output)
        assert network.factor_test == own and torch.equal(network(image), outputs[own])
    assert not torch.equal(outputs[1], outputs[2])


@pytest.mark.parametrize("size", [(12, 12), (11, 14)])
@pytest.mark.parametrize("factor", [1, 2])
def test_every_layer_has_channels_last_outputs(size: tuple[int, int], factor: int) -> None:
    network = NL2Net(bands=5, channels=4, factor=factor)
    layouts = []
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(
                lambda _, __, output: layouts.append(
                    output.is_contiguous(memory_format=torch.channels_last)
                )
            )
    network(torch.rand(1, 5, *size))
    assert len(layouts) > 30 and all(layouts)


def test_padding_is_zeros_at_the_bottom_and_right() -> None:
    network = NL2Net(bands=3, factor=3, channels=4)
    image = torch.rand(1, 3, 8, 10)
    padded = torch.zeros(1, 3, 9, 12)
    padded[..., :8, :10] = image
    assert torch.equal(network(image), network(padded)[..., :8, :10])


@pytest.mark.parametrize(
    ("depth", "mode"),
    [(1, ["ss"]), (2, ["ss", "ss"]), (3, ["na", "ss", "ss"]), (6, ["na"] * 4 + ["ss"] * 2)],
)
def test_the_last_two_blocks_attend(depth: int, mode: list[str]) -> None:
    assert list(default_mode(depth)) == mode


@pytest.mark.parametrize(
    "wrong",
    [
        {"bands": 0},
        {"factor": 0},
        {"channels": 1},
        {"f_scale": 0},
        {"ss_exp_factor": 0.001},
        {"mode": []},
        {"mode": ["na", "attention"]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_options_out_of_range_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        NL2Net(**({"bands": 3} | wrong))  # type: ignore[arg-type]


def gradient_at(network: nn.Module, image: Tensor, row: int, column: int) -> Tensor:
    """Return |d output(row, column) / d input|, summed over the output's bands, (B, H, W)."""
    image = image.detach().requires_grad_()
    parts = [
        torch.autograd.grad(value, image, retain_graph=True)[0][0].abs()
        for value in network(image)[0, :, row, column]
    ]
    return torch.stack(parts).sum(0)


def self_influence(network: nn.Module, image: Tensor) -> float:
    """Return the largest gradient of a pixel by its own input, relative to the largest of all."""
    height, width = image.shape[-2:]
    corners = [(0, 0), (height - 1, width - 1), (0, width - 1), (height - 1, 0)]
    own, largest = 0.0, 0.0
    for row, column in [*corners, (height // 2, width // 2), (height // 3, width // 4)]:
        gradient = gradient_at(network, image, row, column)
        own = max(own, float(gradient[:, row, column].max()))
        largest = max(largest, float(gradient.max()))
    assert largest > 0
    return own / largest


SIZES = [(12, 12), (13, 11), (17, 10)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_blind_spot_is_exact_without_attention(factor: int, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = NL2Net(bands=3, factor=factor, channels=6, mode=["na"] * 4).double()
    assert self_influence(network, torch.rand(1, 3, *size, dtype=torch.float64)) == 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_blind_spot_holds_with_attention(factor: int, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = NL2Net(bands=3, factor=factor, channels=16).double()
    assert self_influence(network, torch.rand(1, 3, *size, dtype=torch.float64)) < 1e-7


@pytest.mark.parametrize("size", SIZES)
def test_both_kinds_of_branch_are_blind(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    image = torch.rand(1, 6, *size, dtype=torch.float64)
    for block in (DilatedBlock, FeedForwardBlock):
        branch = Branch(6, [block] * 6, dilation=3, mask="block").double()
        assert self_influence(branch, image) == 0


def test_the_self_influence_of_a_visible_pixel_is_found() -> None:
    block = FeedForwardBlock(3, dilation=3).double()
    assert self_influence(block, torch.rand(1, 3, 9, 9, dtype=torch.float64)) > 0.01
