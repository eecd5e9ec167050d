"""Blocks and fusion against a second implementation, written from tensors by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from rainmer_analysis.model.restorer import Restorer
from rainmer_analysis.model.restorer.modules.basic_layers import Norm

State = dict[str, Tensor]


def norm(s: State, name: str, x: Tensor) -> Tensor:
    mean = x.mean(dim=1, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=1, keepdim=True)
    if f"{name}.body.bias" not in s:
        return x / (variance + 1e-5).sqrt() * s[f"{name}.body.weight"].view(1, -1, 1, 1)
    scaled = (x - mean) / (variance + 1e-5).sqrt() * s[f"{name}.body.weight"].view(1, -1, 1, 1)
    return scaled + s[f"{name}.body.bias"].view(1, -1, 1, 1)


def conv(s: State, name: str, x: Tensor, *, groups: int = 1) -> Tensor:
    weight = s[f"{name}.weight"]
    return F.conv2d(x, weight, s.get(f"{name}.bias"), padding=weight.shape[-1] // 2, groups=groups)


def attention(s: State, x: Tensor) -> Tensor:
    b, c, h, w = x.shape
    qkv = conv(s, "attn.qkv_dwconv", conv(s, "attn.qkv", x), groups=3 * c)
    heads = s["attn.temperature"].numel()
    out = torch.zeros_like(x)
    for head in range(heads):
        q, k, v = (
            part.reshape(b, heads, c // heads, h * w)[:, head] for part in qkv.split(c, dim=1)
        )
        q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
        a = torch.einsum("bip,bjp->bij", q, k) * s["attn.temperature"][head]
        n = c // heads
        for i, rate in enumerate((1 / 2, 2 / 3, 3 / 4, 4 / 5)):
            count = int(n * rate + 1e-9)
            keep = a.argsort(dim=-1, descending=True, stable=True)[..., :count]
            masked = torch.full_like(a, -torch.inf).scatter(-1, keep, a.gather(-1, keep))
            a = masked.softmax(dim=-1)
            part = s["attn.attns"][i] * torch.einsum("bij,bjp->bip", a, v)
            out[:, head * n : (head + 1) * n] += part.reshape(b, n, h, w)
    return conv(s, "attn.project_out", out)


def feed_forward(s: State, x: Tensor) -> Tensor:
    u = conv(s, "ffn.project_in", x)
    wide = u.shape[1]
    half = wide // 2
    a = conv(s, "ffn.dwconv3x3", u, groups=wide).relu()
    b = conv(s, "ffn.dwconv5x5", u, groups=wide).relu()
    left = torch.cat([a[:, :half], b[:, :half]], dim=1)
    right = torch.cat([a[:, half:], b[:, half:]], dim=1)
    y = [
        conv(s, "ffn.dwconv3x3_1", left, groups=half).relu(),
        conv(s, "ffn.dwconv5x5_1", right, groups=half).relu(),
    ]
    return conv(s, "ffn.project_out", torch.cat(y, dim=1))


def prompt(s: State, name: str, x: Tensor, z: Tensor) -> Tensor:
    gate = conv(s, f"{name}.classifier.0", x)
    gate = 0.5 * gate * (1 + torch.erf(gate / 2**0.5))
    gate = torch.sigmoid(conv(s, f"{name}.classifier.2", gate))
    spread = gate * z[:, :, None, None]
    return F.silu(conv(s, f"{name}.trans.0", spread))


def prompts(s: State, where: str, x: Tensor, z: tuple[Tensor, Tensor]) -> Tensor:
    first = prompt(s, f"{where}chr_promptAttn", x, z[0])
    second = prompt(s, f"{where}detg_promptAttn", x, z[1])
    for anchor, vector in (("chr_z", z[0]), ("detg_z", z[1])):
        if f"{where}{anchor}" in s:
            cosine = F.cosine_similarity(s[f"{where}{anchor}"].flatten(1), vector)
            a = (1 + cosine) / 2 if anchor == "chr_z" else 1 - cosine
            a = a[:, None, None, None]
            return a * first + (1 - a) * second
    return first + second


def of(state: State, prefix: str) -> State:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


@pytest.mark.parametrize(
    "changes", [{}, {"bias": True, "norm": "BiasFree"}, {"expansion": 1.7, "heads": (2, 4, 2, 1)}]
)
def test_a_plain_block(make: Callable[..., Restorer], changes: dict[str, Any]) -> None:
    restorer = make(**changes).double()
    for name, channels in (("encoder_level2", 8), ("latent", 32)):
        block = restorer.get_submodule(f"{name}.0")
        s, x = of(restorer.state_dict(), f"{name}.0."), torch.randn(2, channels, 7, 9).double()
        y = x + attention(s, norm(s, "norm1", x))
        y = y + feed_forward(s, norm(s, "norm2", y))
        assert (block(x) - y).abs().max() < 1e-12


@pytest.mark.parametrize(
    "variant",
    [
        "Rainmer_SA",
        "Rainmer_SA_chralpha",
        "Rainmer_SA_detgalpha",
        "Rainmer_SA_detgalpha_resprompt",
    ],
)
def test_a_prompted_block(make: Callable[..., Restorer], variant: str) -> None:
    restorer = make(variant=variant).double()
    block = restorer.get_submodule("decoder_level1.0")
    s, x = of(restorer.state_dict(), "decoder_level1.0."), torch.randn(2, 8, 6, 5).double()
    z = (F.normalize(torch.randn(2, 6).double()), F.normalize(torch.randn(2, 6).double()))
    o = attention(s, norm(s, "norm1", x))
    if variant.endswith("resprompt"):
        y = x + o
        y = y + prompts(s, "", y, z)
    else:
        y = x + o + prompts(s, "attn.", o, z)
    y = y + feed_forward(s, norm(s, "norm2", y))
    assert (block(x, z) - y).abs().max() < 1e-12


def test_local_fusion(make: Callable[..., Restorer]) -> None:
    restorer = make().double()
    s = of(restorer.state_dict(), "cross_fuse.")
    k, f = torch.randn(2, 4, 6, 7).double(), torch.randn(2, 4, 6, 7).double()
    m = conv(s, "location_map.2", F.leaky_relu(conv(s, "location_map.0", k), 0.1))
    c = F.leaky_relu(conv(s, "channel_map.0", f.mean(dim=(2, 3), keepdim=True)), 0.1)
    c = conv(s, "channel_map.2", c)
    expected = torch.sigmoid(m.mean(1, keepdim=True) * f) * k + torch.sigmoid(c * k) * f
    assert (restorer.cross_fuse(k, f) - expected).abs().max() < 1e-12


def test_both_shapes_of_a_gate_are_one_function(make: Callable[..., Restorer]) -> None:
    restorer = make()
    flat, mapped = restorer.disentangle.encoder_q.MoEs, restorer.encoder_level0
    state = {k: v.reshape(flat.state_dict()[k].shape) for k, v in mapped.state_dict().items()}
    flat.load_state_dict(state)
    x = torch.randn(2, 4, 8, 8)
    assert mapped.gate.ca_fc[0].weight.ndim == 4
    assert torch.equal(flat(x), mapped(x))


@pytest.mark.parametrize("kind", ["WithBias", "BiasFree"])
def test_norms_at_their_start(kind: str) -> None:
    x = 5 + 3 * torch.randn(2, 64, 4, 4)
    y = Norm(64, kind=kind)(x)
    assert torch.allclose(y.var(dim=1, correction=0), torch.ones(2, 4, 4), atol=1e-4)
    assert (y.mean(dim=1).abs().max() < 1e-5) == (kind == "WithBias")
    # Deviations are those of the input, so only the norm with bias forgets a common shift.
    assert torch.allclose(Norm(64, kind=kind)(x + 1), y, atol=1e-4) == (kind == "WithBias")


@pytest.mark.parametrize("place", ["chromatic", "degradation"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_mixture_follows_the_cosine(
    make: Callable[..., Restorer], place: str, sign: float
) -> None:
    """At cosine 1 or -1 the rules keep one prompt, or subtract one from twice the other."""
    variant = "Rainmer_SA_chralpha" if place == "chromatic" else "Rainmer_SA_detgalpha"
    attn = make(variant=variant).double().get_submodule("decoder_level2.0.attn")
    z = (F.normalize(torch.randn(1, 6).double()), F.normalize(torch.randn(1, 6).double()))
    anchor, vector = ("chr_z", z[0]) if place == "chromatic" else ("detg_z", z[1])
    with torch.no_grad():
        attn.get_parameter(anchor).copy_(5 * sign * vector[:, :, None, None])
    x = torch.randn(2, 8, 4, 4).double()
    first, second = attn.chr_promptAttn(x, z[0]), attn.detg_promptAttn(x, z[1])
    expected = {
        ("chromatic", 1.0): first,
        ("chromatic", -1.0): second,
        ("degradation", 1.0): second,
        ("degradation", -1.0): 2 * first - second,
    }[place, sign]
    assert (attn.add_prompt_maps(x, z) - x - expected).abs().max() < 1e-12


def test_the_anchor_learns_and_the_compared_prompt_does_not(
    make: Callable[..., Restorer],
) -> None:
    attn = make(variant="Rainmer_SA_chralpha").get_submodule("decoder_level2.0.attn")
    z = (torch.rand(1, 6, requires_grad=True), torch.rand(1, 6))
    with torch.no_grad():
        for name in ("chr", "detg"):
            attn.get_submodule(f"{name}_promptAttn").trans[0].weight.zero_()
    attn.add_prompt_maps(torch.rand(1, 8, 4, 4), z).sum().backward()
    assert attn.chr_z.grad.abs().max() > 0
    assert z[0].grad.abs().max() == 0
