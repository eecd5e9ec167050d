"""A restorer's weights in and out: variants, wrappings, widths, contradictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from rainmer_analysis.errors import ParameterError, WeightsError
from rainmer_analysis.model.checkpoint import (
    build_encoder,
    load_weights,
    save_weights,
    state_sha256,
)
from rainmer_analysis.model.restorer import VARIANTS, Restorer, RestorerConfig
from rainmer_analysis.model.restorer.config_from_weights import variants_fitting_tensors
from rainmer_analysis.model.restorer.restorer_checkpoint import (
    build_restorer,
    load_restorer_checkpoint,
)

Make = Callable[..., Restorer]
State = dict[str, Any]


def same(a: Any, b: Any) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in b)


def write(tmp_path: Path, entries: object) -> Path:
    path = tmp_path / "weights.pth"
    torch.save(entries, path)
    return path


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_saved_comes_back(make: Make, tmp_path: Path, variant: str) -> None:
    restorer = make(variant=variant, atoms=("detail",), expansion=2.7, ties="published")
    path = tmp_path / "w.safetensors"
    save_weights(restorer, path, kind="restorer", metadata={"why": "a test"})
    checkpoint = load_restorer_checkpoint(path)
    assert checkpoint.config == restorer.config
    assert checkpoint.metadata == {"why": "a test"}
    assert same(checkpoint.state, restorer.state_dict())
    assert checkpoint.sha256 == state_sha256(restorer.state_dict())
    again = build_restorer(checkpoint)
    assert not again.training
    names = [n for n, p in again.named_parameters() if not p.requires_grad]
    assert names
    assert all("encoder_k" in name for name in names)
    images, prompts = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 16, 16)
    assert torch.equal(again(images, prompts), restorer(images, prompts))


@pytest.mark.parametrize("variant", VARIANTS)
def test_published_files_tell_their_widths(make: Make, tmp_path: Path, variant: str) -> None:
    restorer = make(variant=variant)
    path = write(tmp_path, restorer.state_dict())
    checkpoint = load_restorer_checkpoint(path, variant=variant)
    assert checkpoint.config == restorer.config
    assert same(checkpoint.state, restorer.state_dict())
    assert variant in variants_fitting_tensors(restorer.state_dict())


@pytest.mark.parametrize(
    "changes",
    [
        {"norm": "BiasFree"},
        {"bias": True, "expansion": 2.0},
        {"blocks": (2, 1, 3, 2), "heads": (2, 4, 1, 8)},
        {"dim": 8, "base_dim": 5, "gate_hidden": 3, "se_hidden": 1},
        {"expansion": 1.5},
    ],
)
def test_widths_are_read_from_shapes(make: Make, tmp_path: Path, changes: dict[str, Any]) -> None:
    restorer = make(variant="Rainmer_SA_chralpha", **changes)
    checkpoint = load_restorer_checkpoint(write(tmp_path, restorer.state_dict()))
    assert checkpoint.config == restorer.config


@pytest.mark.parametrize("expansion", [0.4, 0.9, 2.66, 2.7182818, 3.999])
def test_any_expansion_is_read_as_one_of_the_same_widths(
    make: Make, tmp_path: Path, expansion: float
) -> None:
    restorer = make(variant="Rainmer_SA_chralpha", expansion=expansion)
    found = load_restorer_checkpoint(write(tmp_path, restorer.state_dict())).config
    assert [int(found.expansion * c) for c in found.level_widths] == [
        int(expansion * c) for c in found.level_widths
    ]


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda s: {f"module.{k}": v for k, v in s.items()}, id="parallel"),
        pytest.param(lambda s: {f"_orig_mod.{k}": v for k, v in s.items()}, id="compiled"),
        pytest.param(lambda s: {"epoch": 3, "model": s, "optim": {}, "k_optim": {}}, id="latest"),
        pytest.param(
            lambda s: {"epoch": 3, "model": {f"module._orig_mod.{k}": v for k, v in s.items()}},
            id="all",
        ),
    ],
)
def test_wrappings_are_taken_off(
    make: Make, tmp_path: Path, wrap: Callable[[State], State]
) -> None:
    restorer = make(variant="Rainmer_SA_detgalpha_resprompt")
    path = write(tmp_path, wrap(dict(restorer.state_dict())))
    assert same(load_restorer_checkpoint(path).state, restorer.state_dict())
    encoder = restorer.disentangle.encoder_q.state_dict()
    assert same(load_weights(path).state, encoder)


def test_variants_that_share_their_tensors_have_to_be_told(make: Make, tmp_path: Path) -> None:
    path = write(tmp_path, make().state_dict())
    with pytest.raises(
        WeightsError,
        match=r"fit Rainmer_SA, Rainmer_SA_wochr, Rainmer_SA_wodetg, Rainmer_SA_wolocf, "
        r"Rainmer_SA_baseline alike; say which one was trained by variant=$",
    ):
        load_restorer_checkpoint(path)
    assert load_restorer_checkpoint(path, variant="Rainmer_SA_baseline").config.knowledge == ()


def test_a_variant_that_does_not_fit_is_refused(make: Make, tmp_path: Path) -> None:
    path = write(tmp_path, make(variant="Rainmer_SA_chralpha").state_dict())
    with pytest.raises(
        WeightsError,
        match=r"the tensors are not those of Rainmer_SA, they fit Rainmer_SA_chralpha; give",
    ):
        load_restorer_checkpoint(path, variant="Rainmer_SA")
    with pytest.raises(ParameterError, match=r"^variant of a restorer is 'chralpha'; give one of"):
        load_restorer_checkpoint(path, variant="chralpha")
    with pytest.raises(ParameterError, match=r"^ties of a restorer is 'any'; give one of"):
        load_restorer_checkpoint(path, ties="any")


def test_tensors_of_no_variant_are_refused(make: Make, tmp_path: Path) -> None:
    state = make(variant="Rainmer_SA_chralpha").state_dict()
    state["decoder_level1.0.attn.detg_z"] = state["decoder_level1.0.attn.chr_z"]
    with pytest.raises(WeightsError, match=r"the tensors fit no published variant; say which"):
        load_restorer_checkpoint(write(tmp_path, state))
    with pytest.raises(WeightsError, match=r"they fit no published variant; give another variant="):
        load_restorer_checkpoint(write(tmp_path, state), variant="Rainmer_SA")


def test_the_rule_for_ties_can_be_chosen(make: Make, tmp_path: Path) -> None:
    restorer = make(variant="Rainmer_SA_chralpha", ties="published")
    assert load_restorer_checkpoint(write(tmp_path, restorer.state_dict())).config.ties == "lowest"
    path = save_weights(restorer, tmp_path / "w.safetensors", kind="restorer")
    assert load_restorer_checkpoint(path).config.ties == "published"
    assert load_restorer_checkpoint(path, ties="lowest").config.ties == "lowest"


def test_a_saved_restorer_carries_its_encoder(make: Make, tmp_path: Path) -> None:
    restorer = make()
    path = save_weights(restorer, tmp_path / "w.safetensors", kind="restorer", metadata={"a": "b"})
    checkpoint = load_weights(path)
    encoder = restorer.disentangle.encoder_q
    assert (checkpoint.kind, checkpoint.config) == ("rainmer", restorer.config.encoder_config)
    assert checkpoint.metadata == {"a": "b"}
    assert same(checkpoint.state, encoder.state_dict())
    x = torch.rand(1, 3, 8, 8)
    assert torch.equal(build_encoder(checkpoint)(x).chromatic_z, encoder(x).chromatic_z)


def test_a_changed_value_is_noticed_by_both_doors(make: Make, tmp_path: Path) -> None:
    path = save_weights(make(), tmp_path / "w.safetensors", kind="restorer")
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    for door in (load_restorer_checkpoint, load_weights):
        with pytest.raises(WeightsError, match=r"metadata and its tensors differ in sha256"):
            door(path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c | {"dim": 8}, r"metadata and its tensors differ in config"),
        (lambda c: c | {"blocks": [10**9] * 4}, r"metadata and its tensors differ in config"),
        (lambda c: c | {"heads": [2, 2, 2, 4]}, r"metadata and its tensors differ in config"),
        (lambda c: c | {"expansion": 7.0}, r"have another shape or type"),
        (lambda c: c | {"variant": "Rainmer_SA_chralpha"}, r"are not those of Rainmer_SA_chralpha"),
        (lambda c: c | {"variant": ["x"]}, r"variant of a restorer is \('x',\); give one of"),
        (lambda c: c | {"atoms": 3}, r"knowledge of a restorer is 3; give a tuple"),
        (lambda c: c | {"depth": 3}, r"metadata hold no configuration of a restorer"),
        (lambda _: 3, r"metadata hold no configuration of a restorer; write the file again"),
    ],
)
def test_contradicting_metadata_are_refused(
    make: Make, tmp_path: Path, change: Callable[[dict[str, Any]], Any], sentence: str
) -> None:
    path = save_weights(make(), tmp_path / "w.safetensors", kind="restorer")
    with safetensors.safe_open(path, framework="pt") as file:
        own = json.loads(file.metadata()["rainmer_analysis"])
    own["config"] = change(own["config"])
    state = safetensors.torch.load_file(path)
    safetensors.torch.save_file(state, path, {"rainmer_analysis": json.dumps(own)})
    with pytest.raises(WeightsError, match=sentence):
        load_restorer_checkpoint(path)


def test_a_stated_variant_is_not_overruled(make: Make, tmp_path: Path) -> None:
    path = save_weights(make(), tmp_path / "w.safetensors", kind="restorer")
    assert load_restorer_checkpoint(path, variant="Rainmer_SA").config.variant == "Rainmer_SA"
    with pytest.raises(
        WeightsError, match=r"saved as Rainmer_SA, not as Rainmer_SA_wolocf; leave variant= out$"
    ):
        load_restorer_checkpoint(path, variant="Rainmer_SA_wolocf")


def test_an_encoder_alone_is_no_restorer(make: Make, tmp_path: Path) -> None:
    encoder = make().disentangle.encoder_q
    path = save_weights(encoder, tmp_path / "w.safetensors", kind="rainmer")
    with pytest.raises(WeightsError, match=r"it holds no restorer of Rainmer; give a state dict"):
        load_restorer_checkpoint(path)


def test_missing_and_foreign_tensors_are_named(make: Make, tmp_path: Path) -> None:
    state = make(variant="Rainmer_SA_chralpha").state_dict()
    del state["latent.0.attn.attns"]
    state["extra"] = torch.ones(1)
    with pytest.raises(WeightsError, match=r"Rainmer's restorer 1 are missing \(latent\.0\.attn"):
        load_restorer_checkpoint(write(tmp_path, state))
    bare = {k: v for k, v in state.items() if not k.startswith("encoder_level")}
    with pytest.raises(WeightsError, match=r"are missing \(encoder_level0\."):
        load_restorer_checkpoint(write(tmp_path, bare))


def test_shapes_that_make_no_restorer_are_refused(make: Make, tmp_path: Path) -> None:
    state = make(variant="Rainmer_SA_chralpha").state_dict()
    state["latent.0.attn.temperature"] = torch.ones(5, 1, 1)
    with pytest.raises(WeightsError, match=r"cannot be used: 5 heads do not divide 32 channels"):
        load_restorer_checkpoint(write(tmp_path, state))


def test_saving_wants_the_kind_of_a_restorer(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"A Restorer cannot be saved as 'rainmer'; give"):
        save_weights(make(), tmp_path / "w", kind="rainmer")


def test_published_small_networks_are_told_by_their_tensors(oracle: Path, published: bool) -> None:
    dim, base_dim, se_hidden = (16, 32, 2) if published else (4, 16, 1)
    for variant in ("Rainmer_SA_chralpha", "Rainmer_SA_detgalpha"):
        config = load_restorer_checkpoint(oracle / f"tiny_{variant}.pth").config
        assert config == RestorerConfig(
            variant, dim=dim, base_dim=base_dim, se_hidden=se_hidden, blocks=(1, 1, 1, 1)
        )
