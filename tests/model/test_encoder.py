"""Rainmer's encoder: the published numbers, a second implementation, laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.checkpoint import build_encoder, load_weights
from rainmer_analysis.model.encoder import WIDTHS, EncoderConfig, EncoderOutput, RainmerEncoder
from tests.oracles import schema

NAMES = (
    "location",
    "chromatic_z",
    "chromatic_p",
    "degradation_z",
    "degradation_p",
    "detail_map",
)
ORACLE_KEYS = {
    "chromatic_z": "z_chromatic",
    "chromatic_p": "p_chromatic",
    "degradation_z": "z_degradation",
    "degradation_p": "p_degradation",
    "location": "location",
    "detail_map": "detail_map",
}


def lively(config: EncoderConfig, *, seed: int = 0) -> RainmerEncoder:
    """Build an encoder whose weights are large enough for every path to matter."""
    torch.manual_seed(seed)
    encoder = RainmerEncoder(config).eval()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.mul_(1.5).add_(0.02 * torch.randn_like(parameter))
    return encoder


@pytest.fixture(scope="module")
def small() -> RainmerEncoder:
    return lively(WIDTHS["quarter"])


@pytest.fixture
def images() -> Tensor:
    return torch.rand(2, 3, 21, 34, generator=torch.Generator().manual_seed(3))


def largest(a: Tensor, b: Tensor) -> float:
    assert a.shape == b.shape
    return float((a.detach().double() - b.detach().double()).abs().max())


@pytest.mark.parametrize("size", ["64", "128", "odd"])
def test_gives_the_published_numbers(oracle: Path, size: str) -> None:
    encoder = build_encoder(load_weights(oracle / "rainmer_encoder.pth"))
    with np.load(oracle / "rainmer_encoder_io.npz") as arrays:
        with torch.inference_mode():
            output = encoder(torch.from_numpy(arrays[f"in_{size}"]))
        compared = 0
        for name, key in ORACLE_KEYS.items():
            if f"{key}_{size}" not in arrays:
                continue
            expected = torch.from_numpy(arrays[f"{key}_{size}"])
            assert largest(getattr(output, name), expected) <= 2e-6, name
            compared += 1
    assert compared == (6 if size == "64" else 4)


def test_has_the_published_keys_and_shapes() -> None:
    ours = RainmerEncoder().state_dict()
    assert {k: tuple(v.shape) for k, v in ours.items()} == schema.encoder(48, 128)
    assert len(ours) == 119
    assert sum(v.numel() for v in ours.values()) == 941_536
    assert list(RainmerEncoder().buffers()) == []


@pytest.mark.parametrize(("name", "dim", "base"), [("quarter", 12, 32), ("half", 24, 64)])
def test_narrow_widths_keep_the_keys(name: str, dim: int, base: int) -> None:
    encoder = RainmerEncoder(WIDTHS[name])
    assert encoder.state_dict().keys() == RainmerEncoder().state_dict().keys()
    output = encoder(torch.rand(1, 3, 8, 9))
    assert output.location.shape == (1, dim, 8, 9)
    assert output.chromatic_z.shape == output.degradation_p.shape == (1, base)
    assert output.detail_map.shape == (1, base, 1, 1)


def plainly(state: dict[str, Tensor], x: Tensor) -> dict[str, Tensor]:
    """Second implementation: the published operations, straight from the state dict."""

    def dw(y: Tensor, key: str, dilation: int = 1) -> Tensor:
        weight = state[key]
        pad = dilation * (weight.shape[-1] // 2)
        return F.conv2d(y, weight, None, 1, pad, dilation, y.shape[1])

    def se(y: Tensor, key: str) -> Tensor:
        pooled = F.adaptive_avg_pool2d(y, 1)
        hidden = F.relu(F.conv2d(pooled, state[f"{key}.se.1.weight"]))
        return y * torch.sigmoid(F.conv2d(hidden, state[f"{key}.se.3.weight"]))

    def conv(y: Tensor, key: str) -> Tensor:
        return F.conv2d(y, state[f"{key}.weight"], state[f"{key}.bias"], padding=1)

    shallow = conv(x, "conv.proj")
    hidden = F.linear(
        shallow.flatten(2).sum(2) / shallow[0, 0].numel(),
        state["MoEs.layers.0.ca_fc.0.weight"],
        state["MoEs.layers.0.ca_fc.0.bias"],
    )
    logits = F.linear(
        F.relu(hidden),
        state["MoEs.layers.0.ca_fc.2.weight"],
        state["MoEs.layers.0.ca_fc.2.bias"],
    ).view(-1, 4, 8)
    gate = logits.exp() / logits.exp().sum(2, keepdim=True)
    s = F.relu(F.conv2d(shallow, state["MoEs.layers.1.preprocess.op.0.weight"]))
    ones = torch.ones_like(s)
    for i in range(4):
        parts = []
        for j in range(8):
            key = f"MoEs.layers.1._ops.{i}._ops.{j}.op"
            if j < 4:
                y = F.relu(F.conv2d(dw(s, f"{key}.0.weight"), state[f"{key}.1.weight"]))
                y = F.conv2d(dw(y, f"{key}.3.weight"), state[f"{key}.4.weight"])
            elif j < 7:
                y = F.conv2d(dw(s, f"{key}.0.weight", 2), state[f"{key}.1.weight"])
            else:
                kernel = torch.ones(s.shape[1], 1, 3, 3, dtype=s.dtype)
                y = F.conv2d(s, kernel, padding=1, groups=s.shape[1])
                y = y / F.conv2d(ones, kernel, padding=1, groups=s.shape[1])
            parts.append(gate[:, i, j].view(-1, 1, 1, 1) * y)
        fused = F.conv2d(torch.cat(parts, 1), state[f"MoEs.layers.1._ops.{i}._out.0.weight"])
        s = F.relu(F.relu(fused) + s)
    result = {"location": s}
    for view, name in (("chromatic", "chromatic_enc"), ("degradation", "degra_enc")):
        y = F.leaky_relu(conv(s, f"Atom.{name}.0"), 0.1)
        block = f"Atom.{name}.2"
        r = F.leaky_relu(se(conv(y, f"{block}.conv1"), f"{block}.se1"), 0.1)
        y = F.leaky_relu(se(conv(r, f"{block}.conv2"), f"{block}.se2") + y, 0.1)
        p = y.flatten(2).sum(2) / y[0, 0].numel()
        result[f"{view}_p"] = p
        result[f"{view}_z"] = p / p.square().sum(1, keepdim=True).sqrt()
    rows, columns = (8 * (n // 8) for n in y.shape[2:])
    blocks = y[..., :rows, :columns].unflatten(3, (-1, 8)).unflatten(2, (-1, 8))
    result["detail_map"] = blocks.mean((3, 5))
    return result


@torch.no_grad()
def test_agrees_with_a_second_implementation(images: Tensor) -> None:
    encoder = lively(EncoderConfig(dim=6, base_dim=16, gate_hidden=5, se_hidden=3)).double()
    output = encoder(images.double())
    plain = plainly(encoder.state_dict(), images.double())
    for name in NAMES:
        assert largest(getattr(output, name), plain[name]) < 1e-13, name


@torch.no_grad()
def test_float32_agrees_with_float64(small: RainmerEncoder, images: Tensor) -> None:
    single = small(images)
    double = lively(WIDTHS["quarter"]).double()(images.double())
    assert largest(single.chromatic_z, double.chromatic_z) < 1e-6
    assert largest(single.degradation_z, double.degradation_z) < 1e-6


@torch.no_grad()
def test_training_mode_changes_nothing(images: Tensor) -> None:
    encoder = lively(WIDTHS["quarter"])
    evaluated, trained = encoder(images), encoder.train()(images)
    for name in NAMES:
        assert torch.equal(getattr(evaluated, name), getattr(trained, name))


@torch.no_grad()
def test_images_of_a_batch_do_not_meet(small: RainmerEncoder, images: Tensor) -> None:
    together = small(images)
    alone = small(images[1:])
    for name in NAMES:
        assert largest(getattr(together, name)[1:], getattr(alone, name)) < 1e-5, name


@torch.no_grad()
def test_vectors_have_unit_length(small: RainmerEncoder, images: Tensor) -> None:
    output = small(images)
    for z, p in (
        (output.chromatic_z, output.chromatic_p),
        (output.degradation_z, output.degradation_p),
    ):
        assert largest(z.norm(dim=1), torch.ones(2)) < 1e-6
        assert largest(z * p.norm(dim=1, keepdim=True), p) < 1e-5


@torch.no_grad()
def test_weights_of_the_experts_sum_to_one(small: RainmerEncoder, images: Tensor) -> None:
    gate = small.MoEs.layers[0]
    weights = gate(small.conv(images))
    assert weights.shape == (2, 4, 8)
    assert largest(weights.sum(2), torch.ones(2, 4)) < 1e-6
    assert float(weights.std()) > 1e-3


@torch.no_grad()
def test_an_expert_is_its_head_on_its_features(images: Tensor) -> None:
    """A stage multiplies heads into its fusion; that must not change what an expert is."""
    encoder = lively(WIDTHS["quarter"]).double()
    x = encoder.conv(images.double())
    for op in list(encoder.MoEs.layers[1]._ops[2]._ops)[:7]:
        split = torch.einsum("oi,bihw->bohw", op.head_matrix(), op.features_before_head(x))
        assert largest(split, op(x)) < 1e-13
    stage = encoder.MoEs.layers[1]._ops[1]
    ones = torch.ones(len(x), 8, dtype=x.dtype)
    assert largest(stage(x, ones), F.relu(stage.run_as_published(x) + x)) < 1e-13


@torch.no_grad()
@pytest.mark.parametrize("axis", [2, 3])
def test_a_mirrored_network_sees_mirrored_images_alike(images: Tensor, axis: int) -> None:
    """Flip image and kernels together: maps flip, vectors stay."""
    encoder = lively(WIDTHS["quarter"]).double()
    x = images[:, :, :16, :32].double()
    straight = encoder(x)
    for parameter in encoder.parameters():
        if parameter.ndim == 4:
            parameter.copy_(parameter.flip(axis))
    mirrored = encoder(x.flip(axis))
    assert largest(mirrored.location, straight.location.flip(axis)) < 1e-11
    assert largest(mirrored.detail_map, straight.detail_map.flip(axis)) < 1e-11
    assert largest(mirrored.chromatic_z, straight.chromatic_z) < 1e-12


@torch.no_grad()
def test_a_black_image_of_a_network_without_bias_stays_finite() -> None:
    encoder = RainmerEncoder(WIDTHS["quarter"])
    for name, parameter in encoder.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
    output = encoder(torch.zeros(1, 3, 8, 8))
    assert torch.equal(output.chromatic_z, torch.zeros(1, 32))


def test_one_head_alone_equals_the_whole_pass(small: RainmerEncoder, images: Tensor) -> None:
    output = small(images)
    location = small.local_features(images)
    assert torch.equal(small.chromatic_features(location).mean((2, 3)), output.chromatic_p)
    assert torch.equal(small.degradation_features(location).mean((2, 3)), output.degradation_p)


def test_every_parameter_learns(images: Tensor) -> None:
    encoder = lively(WIDTHS["quarter"])
    output: EncoderOutput = encoder(images)
    loss = (
        output.chromatic_z[:, ::2].sum()
        + output.degradation_z[:, ::2].sum()
        + F.normalize(output.detail_map, dim=1)[:, ::3].sum()
    )
    loss.backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name
        assert float(parameter.grad.abs().max()) > 0, name


@torch.no_grad()
def test_layout_of_memory_does_not_matter(small: RainmerEncoder, images: Tensor) -> None:
    plain = small(images)
    channels_last = lively(WIDTHS["quarter"]).to(memory_format=torch.channels_last)
    output = channels_last(images.to(memory_format=torch.channels_last))
    assert output.location.is_contiguous(memory_format=torch.channels_last)
    for name in NAMES:
        assert largest(getattr(output, name), getattr(plain, name)) < 2e-5, name


def test_low_precision_pools_in_float32(images: Tensor) -> None:
    encoder = lively(WIDTHS["quarter"])
    exact = encoder(images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = encoder(images)
    assert output.location.dtype == torch.bfloat16
    for name in NAMES[1:]:
        assert getattr(output, name).dtype == torch.float32, name
    assert largest(output.chromatic_z.norm(dim=1), torch.ones(2)) < 1e-6
    assert largest(output.chromatic_z, exact.chromatic_z) < 0.02
    output.chromatic_z[:, ::2].sum().backward()
    assert all(p.grad.isfinite().all() for p in encoder.parameters() if p.grad is not None)


def test_low_precision_reads_no_memory_that_nobody_wrote() -> None:
    """Fill free memory with NaN before each layer goes backward: no gradient may notice."""

    def poison(_gradient: Tensor) -> None:
        sizes = [2**n for n in range(5, 17)] * 4
        filled = [torch.full((size,), float("nan")) for size in sizes]
        del filled

    encoder = lively(WIDTHS["quarter"]).to(memory_format=torch.channels_last)
    for layer in encoder.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.AvgPool2d):
            layer.register_forward_hook(lambda _l, _i, out: out.register_hook(poison) and None)
    x = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = encoder(x.to(memory_format=torch.channels_last))
    loss = output.chromatic_z[:, ::2].sum() + output.degradation_z[:, ::2].sum()
    (loss + output.detail_map.square().mean()).backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name


def test_half_precision_weights_encode_too(images: Tensor) -> None:
    exact = lively(WIDTHS["quarter"])(images)
    with torch.no_grad():
        output = lively(WIDTHS["quarter"]).bfloat16()(images.bfloat16())
    assert output.degradation_z.dtype == torch.float32
    assert largest(output.degradation_z, exact.degradation_z) < 0.03


@pytest.mark.parametrize("shape", [(1, 3, 7, 64), (1, 3, 64, 7)])
def test_small_images_are_refused(small: RainmerEncoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match=r"at least 8 pixels"):
        small(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 1, 16, 16), (1, 4, 16, 16)])
def test_other_shapes_are_refused(small: RainmerEncoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match=r"give images as \[B, 3, H, W\], RGB"):
        small(torch.zeros(shape))


@pytest.mark.parametrize("field", ["dim", "base_dim", "gate_hidden", "se_hidden"])
def test_impossible_widths_are_refused(field: str) -> None:
    with pytest.raises(ParameterError, match=rf"{field} of an encoder is -1; give a whole"):
        EncoderConfig(**{field: -1})
