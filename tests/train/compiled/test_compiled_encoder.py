"""The compiled encoder against its modules in float64, and what it must not depend on."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from unittest import mock

import numba
import pytest
import torch
from torch import Tensor

from rainmer_analysis.kernels.kernel_switch import KERNELS
from rainmer_analysis.model.encoder import WIDTHS, EncoderConfig, EncoderOutput, RainmerEncoder
from rainmer_analysis.train.compiled import (
    encode_one_view,
    encode_with_gradients,
    is_compilable,
    local_features,
)

TINY = EncoderConfig(dim=4, base_dim=16, gate_hidden=8)
OUTPUTS = ("location", "chromatic_p", "chromatic_z", "degradation_p", "degradation_z", "detail_map")


def made(config: EncoderConfig = TINY, seed: int = 0) -> RainmerEncoder:
    torch.manual_seed(seed)
    encoder = RainmerEncoder(config)
    with torch.no_grad():
        for parameter in encoder.Atom.parameters():
            parameter.mul_(2)  # gates that differ from one half
    return encoder


def gradients(
    encoder: RainmerEncoder, output: EncoderOutput, *, seed: int = 1
) -> dict[str, Tensor]:
    """Differentiate a fixed mixture of all outputs."""
    generator = torch.Generator().manual_seed(seed)
    parts = [output.location, output.chromatic_p, output.degradation_p, output.detail_map]
    weights = (1e-3, 1.0, 1.0, 0.1)
    loss = sum(
        (w * torch.randn(part.shape, generator=generator).to(part.dtype) * part).sum()
        for part, w in zip(parts, weights, strict=True)
    )
    encoder.zero_grad()
    loss.backward()  # type: ignore[union-attr]
    return {name: p.grad.clone() for name, p in encoder.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        (WIDTHS["quarter"], (2, 3, 64, 64)),
        (WIDTHS["quarter"], (1, 3, 53, 77)),
        (WIDTHS["half"], (1, 3, 24, 33)),
        (TINY, (3, 3, 9, 8)),
        (EncoderConfig(dim=7, base_dim=21, se_hidden=3), (1, 3, 17, 49)),
    ],
)
def test_outputs_and_gradients_are_those_of_the_modules(
    config: EncoderConfig, shape: tuple[int, int, int, int]
) -> None:
    encoder = made(config)
    images = torch.rand(shape)
    exact = copy.deepcopy(encoder).double()
    expected = exact(images.double())
    found = encode_with_gradients(encoder, images)
    for name in OUTPUTS:
        torch.testing.assert_close(
            getattr(found, name).double(), getattr(expected, name), rtol=1e-4, atol=1e-5
        )
    wanted = gradients(exact, expected)
    given = gradients(encoder, found)
    plain = gradients(encoder, encoder(images))
    assert given.keys() == wanted.keys()
    for name, gradient in wanted.items():
        error, usual = (
            float((each[name] - gradient).norm() / gradient.norm()) for each in (given, plain)
        )
        assert (given[name] - plain[name]).norm() < 1e-4 * plain[name].norm(), name
        # where the modules themselves are further off in float32, so may the loops be
        assert error < max(1e-4, 1.1 * usual), (name, error, usual)


def test_views_without_gradients_are_those_of_the_modules() -> None:
    encoder, images = made(WIDTHS["quarter"]), torch.rand(2, 3, 24, 40)
    with torch.no_grad():
        whole = encoder(images)
        found = [
            encode_one_view(encoder, images, v) for v in ("chromatic", "degradation", "detail")
        ]
        local = local_features(encoder, images)
    expected = whole.chromatic_p, whole.degradation_p, whole.detail_map
    torch.testing.assert_close(found, list(expected), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(local, whole.location, rtol=1e-4, atol=1e-5)
    with torch.no_grad(), mock.patch.dict(os.environ, {KERNELS: "torch"}):
        plain = [
            encode_one_view(encoder, images, v) for v in ("chromatic", "degradation", "detail")
        ]
    torch.testing.assert_close(plain, list(expected))


def test_an_image_does_not_depend_on_its_batch_nor_on_what_came_before() -> None:
    encoder, images = made(), torch.rand(3, 3, 16, 21)
    whole = encode_with_gradients(encoder, images)
    broken = torch.full((1, 3, 16, 21), float("nan"))
    encode_with_gradients(encoder, broken).chromatic_p.sum().backward()
    encode_with_gradients(encoder, torch.rand(1, 3, 33, 9))
    for i in range(3):
        alone = encode_with_gradients(encoder, images[i : i + 1])
        for name in OUTPUTS[:2]:
            # what torch computes beside the loops rounds by the size of the batch
            torch.testing.assert_close(
                getattr(alone, name)[0], getattr(whole, name)[i], rtol=1e-5, atol=1e-7
            )
    assert torch.equal(encode_with_gradients(encoder, images).location, whole.location)
    first = gradients(encoder, encode_with_gradients(encoder, images))
    second = gradients(encoder, encode_with_gradients(encoder, images))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_autocast_changes_nothing() -> None:
    encoder, images = made(), torch.rand(1, 3, 16, 16)
    plain = encode_with_gradients(encoder, images)
    with torch.autocast("cpu", torch.bfloat16):
        found = encode_with_gradients(encoder, images)
    assert all(torch.equal(getattr(found, name), getattr(plain, name)) for name in OUTPUTS)


def test_one_output_alone_has_its_gradient() -> None:
    encoder, images = made(), torch.rand(2, 3, 16, 24)
    exact = copy.deepcopy(encoder).double()
    for name in ("chromatic_z", "detail_map", "location"):
        encoder.zero_grad()
        exact.zero_grad()
        getattr(encode_with_gradients(encoder, images), name).square().mean().backward()
        getattr(exact(images.double()), name).square().mean().backward()
        for own, other in zip(encoder.parameters(), exact.parameters(), strict=True):
            grad = torch.zeros_like(own) if own.grad is None else own.grad
            wanted = torch.zeros_like(other) if other.grad is None else other.grad
            torch.testing.assert_close(grad.double(), wanted, rtol=1e-3, atol=1e-6)


def test_what_the_loops_do_not_know_goes_through_the_modules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder, images = made(), torch.rand(1, 3, 16, 16)
    assert is_compilable(encoder, images)
    assert not is_compilable(encoder.double(), images.double())
    encoder.float()
    assert not is_compilable(encoder, images.clone().requires_grad_())
    with mock.patch.dict(os.environ, {KERNELS: "torch"}):
        assert not is_compilable(encoder, images)
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    assert not is_compilable(encoder, images)
    torch.testing.assert_close(
        encode_with_gradients(encoder, images).chromatic_p, encoder(images).chromatic_p
    )


def test_training_works_where_numba_is_switched_off() -> None:
    script = (
        "import torch\n"
        "from rainmer_analysis.model.encoder import EncoderConfig, RainmerEncoder\n"
        "from rainmer_analysis.train.compiled import encode_with_gradients\n"
        "encoder = RainmerEncoder(EncoderConfig(dim=4, base_dim=16))\n"
        "encode_with_gradients(encoder, torch.rand(1, 3, 8, 8)).chromatic_p.sum().backward()\n"
        "assert all(p.grad is not None for p in encoder.MoEs.parameters())\n"
    )
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
