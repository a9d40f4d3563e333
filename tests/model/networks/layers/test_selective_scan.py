"""The selective scan against its definition, and the parts of Mamba and SM-HAD."""

import math

import pytest
import torch
from torch import Tensor

from model.networks.layers import selective_scan as scan
from model.networks.layers.mamba import Mamba
from model.networks.layers.selective_scan import selective_scan
from model.networks.smhad import SMHAD, Spectrum


def by_definition(
    u: Tensor, *, steps: Tensor, rates: Tensor, inputs: Tensor, outputs: Tensor
) -> Tensor:
    """Run one position after the other, with the derivative that PyTorch records."""
    state, y = torch.zeros(len(u), *rates.shape, dtype=u.dtype), []
    for position in range(u.shape[1]):
        step, driven = steps[:, position, :, None], (steps * u)[:, position, :, None]
        state = (step * rates).exp() * state + driven * inputs[:, position, None]
        y.append((state * outputs[:, position, None]).sum(dim=2))
    return torch.stack(y, dim=1)


def arguments(length: int, dtype: torch.dtype) -> list[Tensor]:
    """Draw u, Δ, A, B and C of 5 sequences, with 4 channels and 3 states."""
    generator = torch.Generator().manual_seed(length)
    shapes = [(5, length, 4), (5, length, 4), (4, 3), (5, length, 3), (5, length, 3)]
    drawn = [torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]
    drawn[1], drawn[2] = drawn[1].exp() / 20, -drawn[2].exp()
    return [part.requires_grad_() for part in drawn]


NAMES = ("steps", "rates", "inputs", "outputs")


@pytest.mark.parametrize(("dtype", "relative"), [(torch.float64, 1e-13), (torch.float32, 2e-6)])
@pytest.mark.parametrize("length", [1, 2, 81])
@pytest.mark.parametrize("values", [1 << 16, 24])  # at once, and two sequences at a time
def test_the_scan_is_its_definition(
    length: int, dtype: torch.dtype, relative: float, values: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "CACHED_VALUES", values)
    u, *others = given = arguments(length, dtype)
    named = dict(zip(NAMES, others, strict=True))
    found, expected = (function(u, **named) for function in (selective_scan, by_definition))
    torch.testing.assert_close(found, expected, rtol=relative, atol=relative)
    weights = torch.randn(found.shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    gradients = [torch.autograd.grad(y, given, weights) for y in (found, expected)]
    for one, other in zip(*gradients, strict=True):
        atol = relative * float(other.abs().max())
        torch.testing.assert_close(one, other, rtol=relative, atol=atol)
    with torch.no_grad():
        assert torch.equal(selective_scan(u, **named), found)


def test_mamba_is_causal() -> None:
    torch.manual_seed(0)
    mamba, features = Mamba(8, 5), torch.randn(2, 20, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(mamba(features)[:, 9].sum(), features)
    assert (gradient[:, 10:] == 0).all() and (gradient[:, :10] != 0).all()


def test_the_drawn_steps_are_from_a_thousandth_to_a_tenth() -> None:
    torch.manual_seed(0)
    steps = torch.nn.functional.softplus(Mamba(64, 4).dt_proj.bias.detach())
    low, high = math.log(0.001), math.log(0.1)
    assert 0.001 - 1e-6 < steps.min() < 0.002 and 0.05 < steps.max() < 0.1 + 1e-6
    assert float(steps.log().mean()) == pytest.approx((low + high) / 2, abs=0.4)


def test_small_values_of_the_spectrum_are_shrunk_to_0() -> None:
    torch.manual_seed(0)
    assert (Spectrum(8)(torch.zeros(1, 81, 8)) != 0).any()  # by the biases
    spectrum = Spectrum(8)
    torch.nn.init.zeros_(spectrum.complex_bias_1)
    torch.nn.init.constant_(spectrum.complex_bias_2, 0.01)
    assert (spectrum(torch.zeros(1, 81, 8)) == 0).all()


@pytest.mark.parametrize("bands", [102, 191, 205])
def test_parameters_of_the_published_network(bands: int) -> None:
    known = {102: 192_262, 191: 294_879, 205: 311_021}
    network = SMHAD(bands=bands)
    assert sum(value.numel() for value in network.parameters()) == known[bands]
    assert len(network.state_dict()) == 32


def test_channels_that_make_no_four_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="nch_ker is 6, but SM-HAD needs a multiple of 4"):
        SMHAD(bands=3, channels=6)
