"""The network of DirectNet and BS3LNet: parameters, initial weights, sizes."""

from typing import Any

import pytest
import torch

from model.networks.bs3lnet import BS3LNet
from model.networks.directnet import DirectNet
from model.networks.reflected_residual import ReflectedResidualNetwork


def directnet(outer_window: int = 19, **settings: Any) -> DirectNet:
    return DirectNet(outer_window=outer_window, **{**SMALL, **settings})


def bs3lnet(depth: int = 2, **settings: Any) -> BS3LNet:
    return BS3LNet(depth=depth, **{**SMALL, **settings})


SMALL = {"bands": 3, "height": 9, "width": 8, "channels": 4}


@pytest.mark.parametrize(
    ("bands", "norm_mode", "direct", "scattered"),
    [
        (102, "bnorm", (376_614, 46), (302_630, 34)),
        (162, "bnorm", (445_794, 46), (371_810, 34)),
        (191, "bnorm", (479_231, 46), (405_247, 34)),
        (102, "inorm", (376_166, 18), (302_310, 14)),
    ],
)
def test_parameters_and_entries_are_those_of_the_published_networks(
    bands: int, norm_mode: str, direct: tuple[int, int], scattered: tuple[int, int]
) -> None:
    settings: dict[str, Any] = {"bands": bands, "norm_mode": norm_mode, "channels": 64}
    for network, expected in ((directnet(**settings), direct), (bs3lnet(**settings), scattered)):
        count = sum(parameter.numel() for parameter in network.parameters())
        assert (count, len(network.state_dict())) == expected


@pytest.mark.parametrize(("window", "depth"), [(7, 0), (9, 0), (11, 1), (13, 1), (19, 3), (23, 4)])
def test_the_receptive_field_of_directnet_fits_into_its_window(window: int, depth: int) -> None:
    torch.manual_seed(0)  # in a network this small, some weights let no gradient through
    network = directnet(window)
    assert len(network.resconv) == depth
    image = torch.rand(1, 3, 41, 41, requires_grad=True)
    network.eval()(image)[0, :, 20, 20].sum().backward()
    assert image.grad is not None
    rows = image.grad[0].abs().sum(dim=(0, 2)).nonzero().flatten()
    assert int(rows.max() - rows.min()) + 1 == 7 + 4 * depth <= window


@pytest.mark.parametrize("window", [1, 5, 6, 8, 18])
def test_windows_without_a_centre_or_below_the_receptive_field_are_refused(window: int) -> None:
    with pytest.raises(ValueError, match=f"^outer_window {window} is not an odd number from 7 on"):
        directnet(window)


@pytest.mark.parametrize("size", [(1, 8), (9, 1), (1, 1)])
def test_scenes_of_one_row_or_column_are_refused(size: tuple[int, int]) -> None:
    height, width = size
    message = f"BS3LNet needs a scene of at least 2×2 pixels, not {height}×{width}"
    with pytest.raises(ValueError, match=message):
        bs3lnet(height=height, width=width)
    assert directnet(height=2, width=2)(torch.rand(1, 3, 2, 2)).shape == (1, 3, 2, 2)


@pytest.mark.parametrize(
    ("kind", "gain", "deviation"),
    [
        ("normal", 0.02, 0.02),
        ("normal", 0.1, 0.1),
        ("xavier", 0.02, 0.02 * (2 / (9 * 64 + 9 * 64)) ** 0.5),
        ("kaiming", 0.02, (2 / (9 * 64)) ** 0.5),
        ("orthogonal", 0.02, 0.02 / (9 * 64) ** 0.5),
    ],
)
def test_initial_weights_have_the_deviation_of_their_distribution(
    kind: str, gain: float, deviation: float
) -> None:
    torch.manual_seed(0)
    network: ReflectedResidualNetwork = bs3lnet(channels=64, init_weight_type=kind, init_gain=gain)
    state = network.state_dict()
    weights = state["resconv.1.resblk.3.cbr.0.conv.1.weight"]
    assert float(weights.std()) == pytest.approx(deviation, rel=0.05)
    assert not state["encoder.cbr.0.conv.1.bias"].any() and not state["conv.conv.1.bias"].any()
    scales = state["decoder.cbr.1.norm.weight"]
    assert float(scales.mean()) == pytest.approx(1, abs=gain)
    assert float(scales.std()) == pytest.approx(gain, rel=0.4)


def test_instances_are_normalised_alone() -> None:
    images = torch.rand(4, 3, 9, 8)
    together, alone = bs3lnet(norm_mode="inorm"), bs3lnet(norm_mode="bnorm")
    for network, equal in ((together, True), (alone, False)):
        first = network.train()(images[:1]).detach()
        assert torch.allclose(network(images)[:1], first, atol=1e-5) == equal
