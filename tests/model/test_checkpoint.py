"""Weights in and out: every published wrapping, hostile files, round trips."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor

from rainmer_analysis.errors import OutputExistsError, ParameterError, WeightsError
from rainmer_analysis.model.airnet import AirNetConfig, AirNetEncoder
from rainmer_analysis.model.checkpoint import (
    build_encoder,
    load_weights,
    save_weights,
    state_sha256,
)
from rainmer_analysis.model.encoder import WIDTHS, EncoderConfig, RainmerEncoder

TINY = EncoderConfig(4, 16, gate_hidden=64, se_hidden=1)
State = dict[str, Any]
VARIANTS = (
    "Rainmer_SA",
    "Rainmer_SA_chralpha",
    "Rainmer_SA_detgalpha",
    "Rainmer_SA_detgalpha_resprompt",
    "Rainmer_SA_wochr",
    "Rainmer_SA_wodetg",
    "Rainmer_SA_wolocf",
    "Rainmer_SA_baseline",
)
NARROW = EncoderConfig(dim=4, base_dim=10, gate_hidden=7, se_hidden=3)


def rainmer(*, seed: int = 0) -> RainmerEncoder:
    torch.manual_seed(seed)
    return RainmerEncoder(NARROW).eval()


def airnet(*, seed: int = 0) -> AirNetEncoder:
    torch.manual_seed(seed)
    encoder = AirNetEncoder(AirNetConfig(width=4, out=6))
    encoder(torch.rand(2, 3, 9, 9))
    return encoder.eval()


def under(prefix: str, state: State) -> State:
    return {prefix + name: value for name, value in state.items()}


def whole_rainmer(variant: str) -> State:
    """Lay out what a published variant holds beside its encoders, in small."""
    state: State = {
        **under("disentangle.encoder_k.", rainmer(seed=9).state_dict()),
        **under("disentangle.encoder_q.", rainmer().state_dict()),
        "patch_embed.proj.weight": torch.ones(4, 3, 3, 3),
        "encoder_level0.layers.0.ca_fc.0.weight": torch.ones(7, 4, 1, 1),
        "encoder_level0.layers.1.preprocess.op.0.weight": torch.ones(4, 4, 1, 1),
        "cross_fuse.location_map.0.weight": torch.ones(4, 4, 3, 3),
        "decoder_level1.0.attn.temperature": torch.ones(1, 1, 1),
        "refinement.layers.0.ca_fc.0.weight": torch.ones(7, 8, 1, 1),
        "output.weight": torch.ones(3, 8, 3, 3),
    }
    block = "decoder_level1.0." + ("" if variant.endswith("resprompt") else "attn.")
    state[block + "chr_promptAttn.classifier.0.weight"] = torch.ones(8, 8, 1, 1)
    if "chralpha" in variant:
        state[block + "chr_z"] = torch.ones(1, 10, 1, 1)
    if "detgalpha" in variant:
        state[block + "detg_z"] = torch.ones(1, 10, 1, 1)
    return state


def same(a: Any, b: State) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in b)


def write(tmp_path: Path, entries: object) -> Path:
    path = tmp_path / "weights.pth"
    torch.save(entries, path)
    return path


WRAPPINGS = ("", "module.", "_orig_mod.", "module._orig_mod.")


@pytest.mark.parametrize(
    ("variant", "wrapping"),
    [(variant, WRAPPINGS[i % 4]) for i, variant in enumerate(VARIANTS)]
    + [(VARIANTS[0], wrapping) for wrapping in WRAPPINGS[1:]],
)
def test_takes_the_query_encoder_of_every_variant(
    tmp_path: Path, variant: str, wrapping: str
) -> None:
    checkpoint = load_weights(write(tmp_path, under(wrapping, whole_rainmer(variant))))
    assert checkpoint.kind == "rainmer"
    assert checkpoint.config == NARROW
    assert same(checkpoint.state, rainmer().state_dict())


def latest(state: State) -> State:
    optimiser = {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-3}]}
    return {"epoch": 7, "model": state, "optim": optimiser, "k_optim": optimiser}


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param(lambda s: s, id="bare"),
        pytest.param(lambda s: under("module.", s), id="parallel"),
        pytest.param(lambda s: under("encoder_q.", s), id="wrapper"),
        pytest.param(lambda s: under("disentangle.encoder_q._orig_mod.", s), id="compiled-part"),
        pytest.param(lambda s: latest(under("disentangle.encoder_q.", s)), id="latest"),
        pytest.param(
            lambda s: latest(under("module.disentangle.encoder_q.", s)), id="latest-parallel"
        ),
        pytest.param(lambda s: {"state_dict": s}, id="state_dict"),
        pytest.param(lambda s: {"params": s}, id="params"),
        pytest.param(lambda s: {"params": under("x.", s), "params_ema": s}, id="params_ema"),
        pytest.param(lambda s: {"model_state_dict": s, "epoch": 3}, id="model_state_dict"),
        pytest.param(
            lambda s: {"state_dict": under("net.", s), "pytorch-lightning_version": "2.5"},
            id="lightning",
        ),
        pytest.param(
            lambda s: {"state_dict": under("model.module.disentangle.encoder_q.", s)},
            id="lightning-whole",
        ),
    ],
)
def test_takes_the_encoder_out_of_every_wrapping(
    tmp_path: Path, entries: Callable[[State], State]
) -> None:
    bare = rainmer().state_dict()
    checkpoint = load_weights(write(tmp_path, entries(bare)))
    assert same(checkpoint.state, bare)
    assert checkpoint.sha256 == state_sha256(bare)


@pytest.mark.parametrize("prefix", ["", "encoder_q.", "E.encoder_q.", "E.E.encoder_q."])
@pytest.mark.parametrize("wrapping", ["", "module."])
def test_takes_airnet_out_of_every_wrapping(tmp_path: Path, prefix: str, wrapping: str) -> None:
    bare = airnet().state_dict()
    entries = under(prefix, bare)
    if prefix:
        outer = prefix.removesuffix("encoder_q.")
        entries |= under(outer + "encoder_k.", airnet(seed=4).state_dict())
        entries |= {outer + "queue": torch.ones(6, 15), outer + "queue_ptr": torch.zeros(1)}
    if prefix == "E.E.encoder_q.":
        entries["R.head.0.weight"] = torch.ones(4, 3, 3, 3)
    checkpoint = load_weights(write(tmp_path, under(wrapping, entries)))
    assert checkpoint.kind == "airnet"
    assert checkpoint.config == AirNetConfig(width=4, out=6)
    assert same(checkpoint.state, bare)
    assert checkpoint.metadata == ({"queue": "15"} if prefix else {})


def test_reads_the_published_layouts(oracle: Path, published: bool) -> None:
    narrow = EncoderConfig(16, 32, se_hidden=2) if published else TINY
    for name, kind, config in (
        ("rainmer_encoder", "rainmer", EncoderConfig() if published else TINY),
        ("airnet_cbde", "airnet", AirNetConfig() if published else AirNetConfig(4, 16)),
        ("tiny_Rainmer_SA_chralpha", "rainmer", narrow),
        ("tiny_Rainmer_SA_detgalpha", "rainmer", narrow),
    ):
        checkpoint = load_weights(oracle / f"{name}.pth")
        assert (checkpoint.kind, checkpoint.config) == (kind, config)
        if kind == "airnet":
            assert checkpoint.metadata["queue"] == "1280"


def test_a_loaded_encoder_gives_the_published_numbers(oracle: Path) -> None:
    for name, output, key in (
        ("rainmer_encoder", "degradation_z", "z_degradation_odd"),
        ("airnet_cbde", "out", "out_odd"),
    ):
        module = build_encoder(load_weights(oracle / f"{name}.pth"))
        assert not module.training
        with np.load(oracle / f"{name}_io.npz") as arrays, torch.inference_mode():
            result = getattr(module(torch.from_numpy(arrays["in_odd"])), output)
            assert np.abs(result.numpy() - arrays[key]).max() < 5e-6


@pytest.mark.parametrize("make", [rainmer, airnet])
def test_what_is_saved_comes_back(
    tmp_path: Path, make: Callable[[], RainmerEncoder | AirNetEncoder]
) -> None:
    module = make()
    kind = "rainmer" if isinstance(module, RainmerEncoder) else "airnet"
    path = save_weights(module, tmp_path / "w.safetensors", kind=kind, metadata={"why": "é"})
    checkpoint = load_weights(path)
    assert (checkpoint.kind, checkpoint.config) == (kind, module.config)
    assert checkpoint.metadata == {"why": "é"}
    assert same(checkpoint.state, module.state_dict())
    assert checkpoint.sha256 == load_weights(write(tmp_path, module.state_dict())).sha256
    again = save_weights(module, tmp_path / "2.safetensors", kind=kind, metadata={"why": "é"})
    assert again.read_bytes() == path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "2.safetensors",
        "w.safetensors",
        "weights.pth",
    ]


def test_safetensors_without_metadata_are_read(tmp_path: Path) -> None:
    path = tmp_path / "plain.safetensors"
    safetensors.torch.save_file(under("disentangle.encoder_q.", rainmer().state_dict()), path)
    checkpoint = load_weights(path)
    assert checkpoint.config == NARROW
    assert checkpoint.metadata == {}


def test_building_draws_nothing_and_copies(tmp_path: Path) -> None:
    checkpoint = load_weights(write(tmp_path, rainmer().state_dict()))
    before = torch.get_rng_state()
    module = build_encoder(checkpoint)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(p.requires_grad and p.device.type == "cpu" for p in module.parameters())
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    assert state_sha256(checkpoint.state) == checkpoint.sha256


def test_the_identity_is_that_of_the_values() -> None:
    state = rainmer().state_dict()
    name = "Atom.degra_enc.2.conv1.weight"
    turned = dict(reversed(state.items()))
    turned[name] = turned[name].to(memory_format=torch.channels_last)
    assert state_sha256(turned) == state_sha256(state)
    assert len(state_sha256(state)) == 64
    changed = state | {name: state[name] + 1e-7}
    assert state_sha256(changed) != state_sha256(state)
    renamed = {("x" if k == name else k): v for k, v in state.items()}
    assert state_sha256(renamed) != state_sha256(state)
    flat = state | {name: state[name].flatten()}
    assert state_sha256(flat) != state_sha256(state)


def test_other_floating_types_become_float32(tmp_path: Path) -> None:
    state = {k: v.double() for k, v in rainmer().state_dict().items()}
    checkpoint = load_weights(write(tmp_path, state))
    assert {v.dtype for v in checkpoint.state.values()} == {torch.float32}
    module = rainmer().bfloat16()
    path = save_weights(module, tmp_path / "w.safetensors", kind="rainmer")
    assert {v.dtype for v in load_weights(path).state.values()} == {torch.float32}


class _Trap:
    """A pickle of this runs a command when it is read without care."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.marker,))


@pytest.mark.parametrize("how", ["zip", "legacy", "plain", "protocol0", "inside"])
def test_a_malicious_pickle_runs_nothing(tmp_path: Path, how: str) -> None:
    marker, path = tmp_path / "executed", tmp_path / "evil.pth"
    trap = {"conv.proj.weight": _Trap(marker)}
    if how == "inside":
        torch.save({"model": rainmer().state_dict(), "epoch": trap}, path)
    elif how in ("zip", "legacy"):
        torch.save(trap, path, _use_new_zipfile_serialization=how == "zip")
    else:
        path.write_bytes(pickle.dumps(trap, protocol=0 if how == "protocol0" else 4))
    with pytest.raises(WeightsError) as caught:
        load_weights(path)
    assert not marker.exists()
    if how in ("zip", "inside"):
        assert "objects other than tensors, which are never loaded" in str(caught.value)


def test_the_trap_of_these_tests_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(_Trap(tmp_path / "executed")))
    assert (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"is empty; give a \.safetensors file or a \.pth"),
        (b"these are not weights, they are words", r"is neither a safetensors file nor"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), r"is neither a safetensors file nor"),
        (b"\x80\x02", r"is damaged, truncated or no torch checkpoint"),
        (b"PK\x03\x04" + bytes(60), r"is damaged, truncated or no torch checkpoint"),
        (struct.pack("<Q", 2) + b"{}", r"their entries: none"),
        (struct.pack("<Q", 2**63) + b"{}", r"damaged or truncated safetensors"),
        (struct.pack("<Q", 5) + b"{oops", r"damaged or truncated safetensors"),
    ],
)
def test_files_of_other_kinds_are_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "file.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=sentence):
        load_weights(path)


def test_paths_without_a_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"There are no weights at .*absent\.pth; give"):
        load_weights(tmp_path / "absent.pth")
    with pytest.raises(WeightsError, match=r"is no regular file; give a \.safetensors"):
        load_weights(tmp_path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("form", ["pth", "legacy", "safetensors"])
def test_truncated_files_are_refused(tmp_path: Path, form: str, share: float) -> None:
    path = tmp_path / "weights"
    if form == "safetensors":
        save_weights(rainmer(), path, kind="rainmer")
    else:
        torch.save(rainmer().state_dict(), path, _use_new_zipfile_serialization=form == "pth")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(WeightsError, match=r"truncated"):
        load_weights(path)


def test_a_changed_value_is_noticed(tmp_path: Path) -> None:
    path = save_weights(rainmer(), tmp_path / "w.safetensors", kind="rainmer")
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"metadata and its tensors differ in sha256"):
        load_weights(path)


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ({"version": 2}, r"is of version 2, this release reads version 1"),
        ({"kind": "airnet"}, r"metadata and its tensors differ in kind"),
        ({"config": {"dim": 4}}, r"metadata and its tensors differ in config"),
        ([1], r"metadata that this package did not write"),
    ],
)
def test_contradicting_metadata_are_refused(tmp_path: Path, own: object, sentence: str) -> None:
    path = tmp_path / "w.safetensors"
    metadata = {"rainmer_analysis": json.dumps(own)}
    safetensors.torch.save_file(rainmer().state_dict(), path, metadata)
    with pytest.raises(WeightsError, match=sentence):
        load_weights(path)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_weights_with_nan_are_refused_both_ways(tmp_path: Path, bad: float) -> None:
    module = rainmer()
    with torch.no_grad():
        module.conv.proj.weight[0, 0, 0, 0] = bad
    with pytest.raises(WeightsError, match=r"conv\.proj\.weight holds NaN or infinity"):
        load_weights(write(tmp_path, module.state_dict()))
    with pytest.raises(WeightsError, match=r"conv\.proj\.weight holds NaN or infinity"):
        save_weights(module, tmp_path / "w.safetensors", kind="rainmer")
    assert not (tmp_path / "w.safetensors").exists()


def _without(state: State) -> State:
    return {k: v for k, v in state.items() if "se1" not in k}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_without, r"4 are missing \(Atom\.chromatic_enc\.2\.se1\.se\.1\.weight, .*, \.\.\.\)"),
        (lambda s: s | {"extra": torch.ones(1)}, r"1 are unknown \(extra\)"),
        (
            lambda s: s | {"conv.proj.weight": torch.ones(4, 3, 5, 5)},
            r"1 have another shape or type \(conv\.proj\.weight\)",
        ),
        (lambda s: s | {"conv.proj.bias": torch.tensor(1.0)}, r"have another shape or type"),
        (
            lambda s: s | {"conv.proj.bias": torch.ones(4, dtype=torch.int64)},
            r"1 have another shape or type \(conv\.proj\.bias\)",
        ),
        (lambda s: s | {"conv.proj.bias": [1.0]}, r"conv\.proj\.bias is no dense tensor"),
        (
            lambda s: s | {"conv.proj.bias": torch.eye(4).to_sparse()},
            r"conv\.proj\.bias is no dense tensor",
        ),
        (
            lambda s: s | {"conv.proj.bias": torch.ones(4, dtype=torch.complex64)},
            r"conv\.proj\.bias has type torch\.complex64",
        ),
        (
            lambda s: s | {"conv.proj.bias": torch.ones(1).expand(10**12)},
            r"conv\.proj\.bias claims more values than the file holds",
        ),
        (
            lambda s: s | {"module.conv.proj.bias": s["conv.proj.bias"]},
            r"hold conv\.proj\.bias twice, wrapped and bare",
        ),
        (
            lambda s: under("disentangle.encoder_k.", s),
            r"hold no encoder of Rainmer or AirNet \(their entries: disentangle\.encoder_k",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    tmp_path: Path, change: Callable[[State], State], sentence: str
) -> None:
    path = write(tmp_path, change(rainmer().state_dict()))
    with pytest.raises(WeightsError, match=sentence) as caught:
        load_weights(path)
    assert str(caught.value).startswith(f"{path} cannot be used: ")


@pytest.mark.parametrize("loaded", [torch.ones(3), [torch.ones(3)], {1: torch.ones(3)}])
def test_other_values_are_refused(tmp_path: Path, loaded: object) -> None:
    with pytest.raises(WeightsError, match=r"without a state dict; give a"):
        load_weights(write(tmp_path, loaded))


def test_saving_never_replaces_silently(tmp_path: Path) -> None:
    path = save_weights(rainmer(), tmp_path / "w.safetensors", kind="rainmer")
    with pytest.raises(OutputExistsError, match=r"is already there; give another path"):
        save_weights(rainmer(seed=1), path, kind="rainmer")
    save_weights(rainmer(seed=1), path, kind="rainmer", overwrite=True)
    assert load_weights(path).sha256 == state_sha256(rainmer(seed=1).state_dict())


def test_saving_wants_a_matching_kind_and_texts(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    with pytest.raises(ParameterError, match=r"A RainmerEncoder cannot be saved as 'airnet'"):
        save_weights(rainmer(), path, kind="airnet")
    with pytest.raises(ParameterError, match=r"A Linear cannot be saved as 'rainmer'"):
        save_weights(torch.nn.Linear(1, 1), path, kind="rainmer")
    steps: Any = {"steps": 3}
    with pytest.raises(ParameterError, match=r"Metadata of weights are texts"):
        save_weights(rainmer(), path, kind="rainmer", metadata=steps)


def test_named_widths_survive(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = RainmerEncoder(WIDTHS["quarter"])
    checkpoint = load_weights(save_weights(module, tmp_path / "w", kind="rainmer"))
    x = torch.rand(1, 3, 16, 16)
    z: Tensor = build_encoder(checkpoint)(x).chromatic_z
    assert checkpoint.config == WIDTHS["quarter"]
    assert torch.equal(z, module(x).chromatic_z)


def test_which_of_several_weights_is_read_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bare, other = rainmer().state_dict(), rainmer(seed=5).state_dict()
    path = write(tmp_path, {"params": other, "params_ema": bare})
    with caplog.at_level("INFO"):
        assert same(load_weights(path).state, bare)
    assert "'params_ema' is read, not 'params'" in caplog.text


def test_a_prefix_that_not_all_share_is_named(tmp_path: Path) -> None:
    entries = under("net.", rainmer().state_dict()) | {"loss.weight": torch.ones(1)}
    with pytest.raises(WeightsError, match=r"hold no encoder .*net\.conv\.proj"):
        load_weights(write(tmp_path, entries))
