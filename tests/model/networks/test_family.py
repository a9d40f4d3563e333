"""Networks of the family other than NL2Net."""

from typing import Any

import pytest
import torch

from model.build import build_network, build_trainer
from model.methods import METHODS
from model.networks.punnet import DepthwiseConv2d
from model.precision import has_bf16
from options.parse import resolve

FAMILY = [
    name
    for name, method in METHODS.items()
    if method.blind_spot and not method.variant_of and not method.arguments and name != "nl2net"
]
# without a part through which a pixel sees itself, and blind to no more than the pixel
EXACT = [
    name
    for name in FAMILY
    if not METHODS[name].leak
    and not METHODS[name].has("mode")
    and not METHODS[name].has("blindspot")
]

PARAMETERS = {
    **{"apbsn": 3_675_238, "ssbsn": 6_430_054, "pdbsnet": 677_702},
    **{"bocknet": 650_566, "punnet": 2_471_654},
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_of_the_defaults(name: str) -> None:
    network = built(name, bands=102)
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS[name]


def built(name: str, *, bands: int = 3, **settings: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    method, options = resolve({"method": name, **settings})
    return build_network(method, bands=bands, options=options)


def small(name: str, **settings: Any) -> torch.nn.Module:
    depth = {"nblk": 2} if METHODS[name].has("nblk") else {}
    return built(name, nch_ker=8, **depth, **settings)


def with_factor(name: str, factor: int) -> dict[str, int]:
    return {"factor": factor} if METHODS[name].has("factor") else {}


SIZES = [(1, 1), (2, 9), (7, 5), (12, 12), (25, 18)]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("factor", [1, 2, 5])
@pytest.mark.parametrize("name", FAMILY)
def test_any_size(name: str, factor: int, size: tuple[int, int], training: bool) -> None:
    network = small(name, **with_factor(name, factor)).train(training)
    image = torch.rand(1, 3, *size)
    rebuilt = network(image)
    assert rebuilt.shape == image.shape and rebuilt.isfinite().all()


@pytest.mark.parametrize("name", FAMILY)
def test_recomputing_changes_no_number(name: str) -> None:
    image = torch.rand(1, 3, 14, 11)
    kept = {}
    for recompute in (False, True):
        torch.manual_seed(0)
        options = {**resolve({"method": name, "nch_ker": 8})[1], "recompute": recompute}
        network = build_network(name, bands=3, options=options)
        loss = (network(image) - image).abs().mean()
        loss.backward()
        kept[recompute] = [loss.detach(), *(part.grad for part in network.parameters())]
    assert all(map(torch.equal, kept[False], kept[True]))


@pytest.mark.parametrize("name", ["apbsn", "ssbsn", "pdbsnet"])
def test_training_and_prediction_have_their_own_factors(name: str) -> None:
    network = small(name, factor_train=3, factor_test=2)
    image = torch.rand(1, 3, 12, 12)
    at = {factor: network(image, factor=factor) for factor in (2, 3)}
    assert torch.equal(network.train()(image), at[3])
    assert torch.equal(network.eval()(image), at[2])
    assert not torch.equal(at[2], at[3])


def test_tiles_of_the_mosaic_are_padded_separately() -> None:
    """In the mosaic, each subsampled image has two zeros on each side."""
    network = small("apbsn").eval()
    image = torch.rand(1, 3, 10, 8)
    subs = [[image[..., i::2, j::2] for j in range(2)] for i in range(2)]
    padded = [[torch.nn.functional.pad(sub, (2, 2, 2, 2)) for sub in row] for row in subs]
    mosaic = torch.cat([torch.cat(row, dim=3) for row in padded], dim=2)  # (1, 3, 18, 16)
    rebuilt = network.bsn(mosaic)  # type: ignore[operator]
    expected = torch.empty_like(image)
    for i in range(2):
        for j in range(2):
            tile = rebuilt[..., 9 * i : 9 * i + 9, 8 * j : 8 * j + 8]
            expected[..., i::2, j::2] = tile[..., 2:-2, 2:-2]
    torch.testing.assert_close(network(image), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("punnet", {"dilation": 3}, "dilation is 3"),
        ("punnet", {"nch_ker": 9}, "channels is 9, must be even"),
    ],
)
def test_undefined_options_are_refused(name: str, settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        built(name, **settings)


@pytest.mark.parametrize(("window", "fits"), [(15, False), (13, True), (199, False)])
def test_a_guard_window_that_hides_the_image_is_refused(window: int, fits: bool) -> None:
    _, options = resolve({"method": "bocknet", "blindspot": window, "nch_ker": 4})
    shape = torch.Size((1, 3, 8, 5))
    if fits:
        image = torch.rand(shape)
        rebuilt = build_trainer(
            "bocknet", shape, device=torch.device("cpu"), options=options
        ).reconstruct(image)
        assert rebuilt.std(dim=(2, 3)).min() > 0
        return
    with pytest.raises(ValueError, match=f"blindspot {window} hides all of the image, 8×5"):
        build_trainer("bocknet", shape, device=torch.device("cpu"), options=options)


def test_an_option_that_a_network_does_not_have_is_refused() -> None:
    _, options = resolve({"method": "pdbsnet"})
    with pytest.raises(TypeError, match="branches"):
        build_network("pdbsnet", bands=3, options={**options, "branches": 3})


def test_refinement_mixes_prediction_and_image() -> None:
    plain, refined = (small("apbsn", refinement=on).eval() for on in (False, True))
    image = torch.rand(1, 3, 11, 9)
    assert torch.equal(refined.train()(image), plain.train()(image))
    one, other = refined.eval()(image), refined(image)
    assert torch.equal(one, other)  # the random mixtures are the same
    assert one.shape == image.shape and not torch.equal(one, plain.eval()(image))
    for size in SIZES:
        assert refined(torch.rand(1, 3, *size)).isfinite().all()


def test_refinement_averages_8_mixtures() -> None:
    """T = 8 mixtures with a share of 0.16 of the image's values, reconstructed without PD."""
    network = small("apbsn", refinement=True).eval()
    image, rebuilt = torch.zeros(1, 3, 60, 60), torch.ones(1, 3, 60, 60)
    shares = []

    def look(module: object, inputs: tuple[torch.Tensor, ...]) -> None:
        (mixture,) = inputs
        assert mixture.shape == (1, 3, 64, 64)
        inner = mixture[..., 2:-2, 2:-2]
        assert torch.equal(mixture[..., 1, 2:-2], inner[..., 1, :])  # reflected
        shares.append(float((inner == 0).double().mean()))

    network.bsn.register_forward_pre_hook(look)  # type: ignore[union-attr]
    network.refine(rebuilt, image)  # type: ignore[operator]
    assert len(shares) == 8 == len(set(shares))
    assert shares == pytest.approx([0.16] * 8, abs=0.02)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_depthwise_convolution_is_the_dilated_one(step: int) -> None:
    conv = DepthwiseConv2d(5, step=step)
    x = torch.randn(2, 5, 6 * step, 4 * step)
    dilated = torch.nn.functional.conv2d(
        x, conv.weight, conv.bias, padding=step, dilation=step, groups=5
    )
    torch.testing.assert_close(conv(x), dilated)


def test_gradients_in_bf16_are_those_in_fp32_but_for_rounding() -> None:
    """Whatever the memory contained before."""
    if not has_bf16(torch.device("cpu")):
        pytest.skip("this CPU computes bf16 in fp32")
    network, image = built("punnet", nch_ker=64, nblk=1), torch.rand(1, 3, 40, 32)
    gradients = {}
    for enabled in (False, True):
        network.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            output = network(image, factor=1)
        for size in (10**2, 10**3, 10**4, 10**5, 10**6):
            junk = [torch.full((size,), torch.inf) for _ in range(9)]
            del junk
        (output.float() - image).abs().mean().backward()
        gradients[enabled] = {
            name: parameter.grad.clone()
            for name, parameter in network.named_parameters()
            if parameter.grad is not None
        }
    for name, exact in gradients[False].items():
        difference = torch.linalg.vector_norm(gradients[True][name] - exact)
        assert difference <= 0.3 * torch.linalg.vector_norm(exact) + 1e-6, name


def gradient_at(network: torch.nn.Module, image: torch.Tensor, row: int, column: int) -> Any:
    """Return |d output(row, column) / d input|, the largest of all bands, (H, W)."""
    image = image.detach().requires_grad_()
    outputs = network(image)[0, :, row, column]
    parts = [torch.autograd.grad(value, image, retain_graph=True)[0] for value in outputs]
    return torch.cat(parts).abs().amax(dim=(0, 1))


def probed_pixels(height: int, width: int) -> list[tuple[int, int]]:
    """Return the corners and pixels inside."""
    corners = [(0, 0), (height - 1, width - 1), (0, width - 1), (height - 1, 0)]
    return [*corners, (height // 2, width // 2), (height // 3, width // 4)]


def self_influence(network: torch.nn.Module, *size: int) -> float:
    """Return the largest gradient of a pixel by its own input, relative to the largest of all."""
    image = torch.rand(1, 3, *size, dtype=torch.float64)
    gradients = [(gradient_at(network, image, *place), place) for place in probed_pixels(*size)]
    largest = max(float(gradient.max()) for gradient, _ in gradients)
    assert largest > 0
    return max(float(gradient[place]) for gradient, place in gradients) / largest


BLIND_SIZES = [(12, 12), (13, 11), (17, 10)]


@pytest.mark.parametrize("size", BLIND_SIZES)
@pytest.mark.parametrize("factor", [1, 2, 3, 5])
@pytest.mark.parametrize("name", EXACT)
def test_the_centre_is_hidden_exactly(name: str, factor: int, size: tuple[int, int]) -> None:
    assert self_influence(small(name, factor=factor).double().eval(), *size) == 0


@pytest.mark.parametrize("size", BLIND_SIZES)
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_attention_hides_the_centre_but_for_its_layer_norm(
    factor: int, size: tuple[int, int]
) -> None:
    assert self_influence(small("ssbsn", factor=factor).double().eval(), *size) < 1e-5


@pytest.mark.parametrize("size", BLIND_SIZES)
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_punnet_hides_the_centre_but_for_an_average(factor: int, size: tuple[int, int]) -> None:
    network = small("punnet", factor=factor).double().eval()
    assert 0 < self_influence(network, *size) < 1e-2
    for module in network.modules():
        if isinstance(module, torch.nn.AdaptiveAvgPool2d):
            module.register_forward_hook(lambda *passed: passed[-1].detach())
    assert self_influence(network, *size) == 0


def test_refinement_lets_a_pixel_see_itself() -> None:
    assert self_influence(small("apbsn", refinement=True).double().eval(), 13, 11) > 1e-3


@pytest.mark.parametrize(("window", "hidden"), [(7, 7), (15, 15), (8, 7), (1, 1), (2, 1), (3, 3)])
@pytest.mark.parametrize("size", [(26, 26), (27, 24)])
def test_bocknet_hides_its_guard_window(window: int, hidden: int, size: tuple[int, int]) -> None:
    network = small("bocknet", blindspot=window).double().eval()
    image = torch.rand(1, 3, *size, dtype=torch.float64)
    reach = hidden // 2
    for row, column in probed_pixels(*size):
        seen = gradient_at(network, image, row, column)
        square = seen[
            max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1
        ]
        assert (square == 0).all()
        adjacent = [(row - reach - 1, column), (row + reach + 1, column)]
        adjacent += [(row, column - reach - 1), (row, column + reach + 1)]
        inside = [
            place for place in adjacent if 0 <= place[0] < size[0] and 0 <= place[1] < size[1]
        ]
        assert inside and all(seen[place] > 0 for place in inside)
