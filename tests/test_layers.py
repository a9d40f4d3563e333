"""The blocks of the network."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from model.layers import FEW_TOKENS, MaskedConv2d, SelfSimilarityBlock, attend


def test_masked_convolution_ignores_whatever_stands_at_the_masked_taps() -> None:
    conv = MaskedConv2d(3)
    x = torch.randn(1, 3, 9, 8)
    expected = conv(x)
    with torch.no_grad():
        conv.weight[:, :, 1:4, 1:4] = 1e6
    assert torch.equal(conv(x), expected)
    assert int(conv.mask[0, 0].sum()) == 16


def literal_attention(x: Tensor, wqk: Tensor, stride: int) -> Tensor:
    """Step by step the self-similarity attention of DESIGN.md §2, one sub-image after the other."""
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


@pytest.mark.parametrize("tokens", [FEW_TOKENS, FEW_TOKENS + 1])
def test_attention_in_bf16_is_that_in_fp32_but_for_rounding(tokens: int) -> None:
    torch.manual_seed(0)
    query = F.normalize(torch.randn(2, tokens, 8), dim=-1).bfloat16()
    value = torch.randn(2, tokens, 8).bfloat16()
    exact = attend(query.float(), value.float())
    rounded = attend(query, value)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact, rtol=0, atol=0.01 * float(exact.abs().max()))


@pytest.mark.parametrize("ss_exp_factor", [0.5, 1, 1.5])
@pytest.mark.parametrize(("height", "width", "f_scale"), [(12, 12, 2), (13, 9, 1), (5, 20, 2)])
@pytest.mark.parametrize("scale", [1, 3e-3, 1e-9])  # down to where both epsilons matter
def test_attention_is_the_literal_one(
    height: int, width: int, f_scale: int, ss_exp_factor: float, scale: float
) -> None:
    torch.manual_seed(0)
    block = SelfSimilarityBlock(6, f_scale=f_scale, ss_exp_factor=ss_exp_factor).double()
    x = scale * torch.randn(1, 6, height, width, dtype=torch.float64)
    x.requires_grad_()
    expected = literal_attention(x, block.wqk, 3 * f_scale)
    torch.testing.assert_close(block.attention(x), expected, rtol=1e-8, atol=1e-10 * scale)

    def gradients(out: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad((out * torch.arange(width)).sum(), (x, block.wqk))

    for ours, literal in zip(gradients(block.attention(x)), gradients(expected), strict=True):
        size = float(literal.abs().max())
        torch.testing.assert_close(ours, literal, rtol=0, atol=1e-8 * size)


def test_gradients_stay_finite_where_tokens_are_padding_or_the_image_is_flat() -> None:
    block = SelfSimilarityBlock(4, f_scale=2, ss_exp_factor=1)
    x = torch.zeros(1, 4, 7, 5, requires_grad=True)
    block(x).sum().backward()
    assert x.grad is not None and block.wqk.grad is not None
    assert x.grad.isfinite().all() and block.wqk.grad.isfinite().all()
