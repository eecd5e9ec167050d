from __future__ import annotations

import pytest
import torch
from torch import nn

from rainmer_analysis.model.encoder import EncoderConfig, RainmerEncoder
from rainmer_analysis.train.compiled.fast_depthwise_backward import use_fast_backward


@pytest.mark.parametrize("shape", [(2, 5, 17, 22), (1, 3, 9, 8)])
@pytest.mark.parametrize(
    ("kernel", "dilation"), [(1, 1), (3, 1), (5, 1), (7, 1), (3, 2), (5, 2), (7, 2), (9, 3)]
)
def test_gradients_are_those_of_pytorch(
    kernel: int, dilation: int, shape: tuple[int, int, int, int]
) -> None:
    channels = shape[1]
    conv = nn.Conv2d(
        channels,
        channels,
        kernel,
        padding=dilation * (kernel // 2),
        dilation=dilation,
        groups=channels,
        bias=False,
    ).double()
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    outer = torch.randn(shape, dtype=torch.float64)
    expected = torch.autograd.grad(conv(x), (x, conv.weight), outer)
    plain = conv(x).detach()
    use_fast_backward(conv)
    assert type(conv) is not nn.Conv2d
    torch.testing.assert_close(conv(x).detach(), plain)
    found = torch.autograd.grad(conv(x), (x, conv.weight), outer)
    torch.testing.assert_close(found, expected, atol=1e-11, rtol=1e-11)


def test_average_is_that_of_pytorch() -> None:
    pool = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    x = torch.randn(2, 3, 9, 11, dtype=torch.float64, requires_grad=True)
    outer = torch.randn_like(x)
    expected = pool(x).detach(), *torch.autograd.grad(pool(x), x, outer)
    use_fast_backward(pool)
    found = pool(x).detach(), *torch.autograd.grad(pool(x), x, outer)
    torch.testing.assert_close(found, expected)


def test_an_encoder_keeps_its_keys_and_outputs() -> None:
    torch.manual_seed(0)
    encoder = RainmerEncoder(EncoderConfig(dim=4, base_dim=16))
    x = torch.rand(2, 3, 24, 33)
    keys, plain = list(encoder.state_dict()), encoder(x)
    use_fast_backward(encoder)
    use_fast_backward(encoder)
    assert list(encoder.state_dict()) == keys
    torch.testing.assert_close(encoder(x).chromatic_p, plain.chromatic_p)
    torch.testing.assert_close(encoder(x).detail_map, plain.detail_map)


def test_other_layers_stay() -> None:
    layers = nn.ModuleList(
        [
            nn.Conv2d(4, 4, 3, padding=1),
            nn.Conv2d(6, 2, 3, padding=1, groups=2, bias=False),
            nn.Conv2d(8, 4, 3, padding=1, groups=4, bias=False),
            nn.Conv2d(4, 4, 3, padding=1, groups=4),
            nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False, stride=2),
            nn.AvgPool2d(3, stride=1, padding=1),
            nn.AvgPool2d(8),
        ]
    )
    before = [type(layer) for layer in layers]
    use_fast_backward(layers)
    assert [type(layer) for layer in layers] == before


def test_bfloat16_gradients_of_dilated_kernels_are_finite_and_near() -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(12, 12, 5, padding=4, dilation=2, groups=12, bias=False)
    x = torch.randn(2, 12, 32, 32).contiguous(memory_format=torch.channels_last)
    outer = torch.randn_like(x)
    expected = torch.autograd.grad(conv(x), conv.weight, outer)[0]
    use_fast_backward(conv)
    for _ in range(5):
        with torch.autocast("cpu", torch.bfloat16):
            y = conv(x)
        found = torch.autograd.grad(y, conv.weight, outer.to(y.dtype))[0]
        assert (found - expected).abs().max() < 0.02 * expected.abs().max()
