"""Masked convolution and attention."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from model.networks.layers.attention import MAX_UNFUSED_TOKENS, attend
from model.networks.layers.layers import Mask, MaskedConv2d, SelfSimilarityBlock


@pytest.mark.parametrize("mask", ["pixel", "block"])
@pytest.mark.parametrize("dilation", [2, 3, 4])
def test_masked_convolution_ignores_the_weights_at_masked_taps(dilation: int, mask: Mask) -> None:
    conv = MaskedConv2d(3, dilation=dilation, mask=mask)
    x = torch.randn(1, 3, 9, 8)
    literal = F.conv2d(x, conv.weight * conv.mask, conv.bias, padding=dilation - 1)
    torch.testing.assert_close(conv(x), literal)
    expected = conv(x)
    with torch.no_grad():
        conv.weight[conv.mask == 0] = 1e6
    assert torch.equal(conv(x), expected)
    hidden = 1 if mask == "pixel" else (2 * dilation - 3) ** 2
    assert int((conv.mask[0, 0] == 0).sum()) == hidden
    middle = conv.mask[0, 0, dilation - 1, dilation - 1]
    assert middle == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dilation": 1, "mask": "pixel"}, "dilation is 1, must be at least 2"),
        ({"dilation": 2, "mask": "ring"}, "mask is ring, must be pixel or block"),
    ],
)
def test_invalid_options_of_a_masked_convolution_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        MaskedConv2d(3, **options)


def literal_attention(x: Tensor, wqk: Tensor, stride: int) -> Tensor:
    """Compute the self-similarity attention of SS-BSN, one subsampled image after the other."""
    channels, height, width = x.shape[1:]
    normalised = (x - x.mean()) / torch.sqrt(x.var(unbiased=False) + 1e-5)
    below, right = -height % stride, -width % stride
    normalised, values = (F.pad(t, (0, right, 0, below)) for t in (normalised, x))
    out = torch.zeros_like(values)
    for i in range(stride):
        for j in range(stride):
            n = normalised[0, :, i::stride, j::stride].reshape(channels, -1).T  # (tokens, C)
            v = values[0, :, i::stride, j::stride].reshape(channels, -1).T
            q = n @ wqk
            q = q / (q.norm(dim=1, keepdim=True) + 1e-8)
            weights = torch.softmax((q @ q.T + 1) / wqk.shape[1] ** 0.5, dim=1)
            like = values[0, :, i::stride, j::stride]
            out[0, :, i::stride, j::stride] = (weights @ v).T.reshape(like.shape)
    return out[..., :height, :width]


@pytest.mark.parametrize("tokens", [MAX_UNFUSED_TOKENS, MAX_UNFUSED_TOKENS + 1])
def test_attention_in_bf16_is_that_in_fp32_but_for_rounding(tokens: int) -> None:
    torch.manual_seed(0)
    query = F.normalize(torch.randn(2, tokens, 8), dim=-1).bfloat16()
    value = torch.randn(2, tokens, 8).bfloat16()
    exact = attend(query.float(), value.float())
    rounded = attend(query, value)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact, rtol=0, atol=0.01 * float(exact.abs().max()))


@pytest.mark.parametrize("ss_exp_factor", [0.5, 1, 1.5])
@pytest.mark.parametrize(
    ("height", "width", "f_scale", "dilation"),
    [(12, 12, 2, 3), (13, 9, 1, 3), (5, 20, 2, 3), (9, 10, 2, 2)],
)
@pytest.mark.parametrize("scale", [1, 3e-3, 1e-9])  # down to where both epsilons matter
def test_attention_equals_its_definition(
    height: int, width: int, f_scale: int, dilation: int, ss_exp_factor: float, scale: float
) -> None:
    torch.manual_seed(0)
    options = {"f_scale": f_scale, "ss_exp_factor": ss_exp_factor, "dilation": dilation}
    block = SelfSimilarityBlock(6, **options).double()  # type: ignore[arg-type]
    x = scale * torch.randn(1, 6, height, width, dtype=torch.float64)
    x.requires_grad_()
    expected = literal_attention(x, block.wqk, dilation * f_scale)
    torch.testing.assert_close(block.attention(x), expected, rtol=1e-8, atol=1e-10 * scale)

    def gradients(out: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad((out * torch.arange(width)).sum(), (x, block.wqk))

    for ours, literal in zip(gradients(block.attention(x)), gradients(expected), strict=True):
        size = float(literal.abs().max())
        torch.testing.assert_close(ours, literal, rtol=0, atol=1e-8 * size)


def test_gradients_stay_finite_where_tokens_are_padding_or_the_image_is_flat() -> None:
    block = SelfSimilarityBlock(4, dilation=3)
    x = torch.zeros(1, 4, 7, 5, requires_grad=True)
    block(x).sum().backward()
    assert x.grad is not None and block.wqk.grad is not None
    assert x.grad.isfinite().all() and block.wqk.grad.isfinite().all()
