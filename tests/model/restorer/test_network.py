"""The whole restorer: its schema in every variant, and laws that hold whatever the weights."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.restorer import VARIANTS, Prompts, Restorer, RestorerConfig

Make = Callable[..., Restorer]
PARTS = {
    "disentangle": 1_883_072,
    "patch_embed": 1_296,
    "encoder_level0": 230_816,
    "cross_fuse": 46_272,
    "encoder_level1": 209_460,
    "encoder_level2": 1_034_676,
    "encoder_level3": 3_686_736,
    "latent": 18_470_816,
    "decoder_level3": 4_431_708,
    "decoder_level2": 1_296_960,
    "decoder_level1": 864_636,
    "down1_2": 10_368,
    "down2_3": 41_472,
    "down3_4": 165_888,
    "up4_3": 2_654_208,
    "up3_2": 663_552,
    "up2_1": 165_888,
    "reduce_chan_level3": 73_728,
    "reduce_chan_level2": 18_432,
    "refinement": 814_304,
    "output": 2_592,
}


@pytest.fixture(scope="module")
def full() -> dict[str, Restorer]:
    with torch.device("meta"):
        return {name: Restorer(RestorerConfig(name)) for name in VARIANTS}


def shapes(restorer: Restorer) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in restorer.state_dict().items()}


def test_the_published_size(full: dict[str, Restorer]) -> None:
    restorer = full["Rainmer_SA_detgalpha"]
    parameters = list(restorer.parameters())
    assert sum(p.numel() for p in parameters) == 36_766_880
    assert sum(p.numel() for p in parameters if p.requires_grad) == 35_825_344
    counts = {n: sum(p.numel() for p in m.parameters()) for n, m in restorer.named_children()}
    assert counts == PARTS


def test_tensors_of_every_variant(full: dict[str, Restorer]) -> None:
    counts = {name: len(restorer.state_dict()) for name, restorer in full.items()}
    assert counts == {name: 1_258 if "alpha" in name else 1_242 for name in VARIANTS}


def test_variants_differ_as_published_and_not_otherwise(full: dict[str, Restorer]) -> None:
    plain = shapes(full["Rainmer_SA"])
    for name in ("wochr", "wodetg", "wolocf", "baseline"):
        assert shapes(full[f"Rainmer_SA_{name}"]) == plain
    blocks = [(3, b) for b in range(6)] + [(2, b) for b in range(6)] + [(1, b) for b in range(4)]
    for name, anchor in (("chralpha", "chr_z"), ("detgalpha", "detg_z")):
        anchors = {f"decoder_level{i}.{b}.attn.{anchor}": (1, 128, 1, 1) for i, b in blocks}
        assert shapes(full[f"Rainmer_SA_{name}"]) == plain | anchors
    moved = {
        re.sub(r"attn\.((chr|detg)_promptAttn|detg_z)", r"\1", key): shape
        for key, shape in shapes(full["Rainmer_SA_detgalpha"]).items()
    }
    assert shapes(full["Rainmer_SA_detgalpha_resprompt"]) == moved


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("disentangle.encoder_k.conv.proj.bias", (48,)),
        ("disentangle.encoder_q.MoEs.layers.0.ca_fc.0.weight", (64, 48)),
        ("patch_embed.proj.weight", (48, 3, 3, 3)),
        ("encoder_level0.layers.0.ca_fc.2.weight", (32, 64, 1, 1)),
        ("cross_fuse.location_map.2.weight", (48, 48, 3, 3)),
        ("cross_fuse.channel_map.0.weight", (48, 48, 1, 1)),
        ("encoder_level1.3.ffn.dwconv3x3_1.weight", (127, 2, 3, 3)),
        ("encoder_level3.5.attn.qkv_dwconv.weight", (576, 1, 3, 3)),
        ("latent.7.attn.temperature", (8, 1, 1)),
        ("latent.7.ffn.project_in.weight", (2042, 384, 1, 1)),
        ("latent.0.norm2.body.bias", (384,)),
        ("decoder_level1.3.attn.temperature", (1, 1, 1)),
        ("decoder_level1.3.attn.attns", (4,)),
        ("decoder_level2.5.attn.detg_promptAttn.trans.0.weight", (96, 128, 1, 1)),
        ("decoder_level3.0.attn.chr_promptAttn.classifier.2.weight", (1, 192, 1, 1)),
        ("down3_4.body.0.weight", (96, 192, 3, 3)),
        ("up4_3.body.0.weight", (768, 384, 3, 3)),
        ("reduce_chan_level3.weight", (192, 384, 1, 1)),
        ("refinement.layers.1._ops.3._out.0.weight", (96, 768, 1, 1)),
        ("output.weight", (3, 96, 3, 3)),
    ],
)
def test_names_and_shapes(full: dict[str, Restorer], key: str, shape: tuple[int, ...]) -> None:
    assert shapes(full["Rainmer_SA"])[key] == shape


def test_initial_values() -> None:
    restorer = Restorer(
        RestorerConfig("Rainmer_SA_chralpha", dim=4, blocks=(1,) * 4, heads=(1,) * 4)
    )
    state = restorer.state_dict()
    assert torch.equal(state["latent.0.attn.attns"], torch.full((4,), 0.2))
    for name in ("latent.0.attn.temperature", "decoder_level1.0.attn.chr_z"):
        assert torch.equal(state[name], torch.ones_like(state[name]))
    ours, copy = (getattr(restorer.disentangle, f"encoder_{k}") for k in "qk")
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), copy.parameters(), strict=True))
    assert not any(p.requires_grad for p in copy.parameters())


def given(n: int = 1) -> Prompts:
    return Prompts(
        torch.nn.functional.normalize(torch.randn(n, 6)),
        torch.nn.functional.normalize(torch.randn(n, 6)),
    )


@pytest.mark.parametrize("variant", VARIANTS)
@torch.inference_mode()
def test_a_prompt_without_strength_changes_nothing(make: Make, variant: str) -> None:
    restorer, images = make(variant=variant), torch.rand(2, 3, 16, 8)
    moved = restorer(images, given()) - restorer(images)
    assert (moved.abs().max() > 1e-5) == (variant != "Rainmer_SA_baseline")
    for name, parameter in restorer.named_parameters():
        if "promptAttn.trans" in name:
            parameter.zero_()
    assert torch.equal(restorer(images, given()), restorer(images))


@torch.inference_mode()
def test_a_single_prompt_passes_through_the_chromatic_weights(make: Make) -> None:
    images, prompts = torch.rand(1, 3, 8, 8), given()
    whole = make()
    swapped = Prompts(prompts.degradation, prompts.chromatic)
    for variant, seen in (("wochr", swapped), ("wodetg", prompts)):
        restorer = make(variant=f"Rainmer_SA_{variant}")
        out = restorer(images, prompts)
        for name, parameter in restorer.named_parameters():
            if "detg_promptAttn" in name:
                parameter.fill_(9.0)
        assert torch.equal(restorer(images, prompts), out)
        for name, parameter in whole.named_parameters():
            if "detg_promptAttn.trans" in name:
                parameter.zero_()
        assert torch.allclose(whole(images, seen), out, atol=1e-6)


@torch.inference_mode()
def test_only_two_variants_skip_local_fusion_and_only_at_inference(make: Make) -> None:
    images, prompts = torch.rand(1, 3, 16, 16), given()
    for variant in VARIANTS:
        restorer = make(variant=variant)
        fused, skipped = (restorer(images, prompts, local_fusion=on) for on in (True, False))
        assert (fused - skipped).abs().max() > 1e-4
        skips = variant.endswith(("wolocf", "baseline"))
        assert torch.equal(restorer(images, prompts), skipped if skips else fused)
        assert torch.equal(restorer.train()(images, prompts), fused)


@torch.inference_mode()
def test_images_and_their_vectors_are_one_prompt(make: Make) -> None:
    restorer, images = make(), torch.rand(2, 3, 8, 16)
    seen = torch.rand(2, 3, 24, 24)
    out = restorer(images, seen)
    output = restorer.disentangle.encoder_q(seen)
    vectors = {"chromatic": output.chromatic_z, "degradation": output.degradation_z}
    assert torch.equal(restorer(images, vectors), out)
    assert torch.equal(restorer(images, restorer.encode_prompts(seen)), out)
    assert not torch.equal(restorer(images, seen.flip(1)), out)


@torch.inference_mode()
def test_images_of_a_batch_do_not_influence_one_another(make: Make) -> None:
    restorer = make(variant="Rainmer_SA_detgalpha")
    images, prompts = torch.rand(3, 3, 16, 24), given(3)
    together = restorer(images, prompts)
    for i in range(3):
        one = Prompts(prompts.chromatic[i : i + 1], prompts.degradation[i : i + 1])
        assert torch.allclose(restorer(images[i : i + 1], one), together[i : i + 1], atol=1e-6)
    first = Prompts(prompts.chromatic[:1], prompts.degradation[:1])
    assert torch.allclose(restorer(images, first)[0], together[0], atol=1e-6)


@torch.inference_mode()
def test_without_an_output_layer_the_image_comes_back(make: Make) -> None:
    restorer, images = make(), 3 * torch.randn(1, 3, 8, 8)
    restorer.output.weight.zero_()
    assert torch.equal(restorer(images, given()), images)


@torch.inference_mode()
def test_lowest_ties_do_not_depend_on_rounding(make: Make) -> None:
    images, prompts = torch.rand(1, 3, 16, 16), given()
    restorer = make()
    once = restorer(images, prompts)
    precise = restorer.double()(images.double(), prompts)
    assert (precise - once).abs().max() < 2e-6


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradients_reach_what_a_variant_uses(make: Make, variant: str) -> None:
    restorer = make(variant=variant).train()
    out = restorer(torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16))
    (out - torch.rand(2, 3, 16, 16)).abs().mean().backward()
    without = {
        name
        for name, parameter in restorer.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().max() > 0
    }
    assert all(p.grad is None or p.grad.isfinite().all() for p in restorer.parameters())
    unused = [r"encoder_k\."]
    if variant.endswith(("wochr", "wodetg", "baseline")):
        unused += ["detg_promptAttn"]
    if variant.endswith(("wochr", "baseline")):
        unused += [r"Atom\.chromatic_enc"]
    if variant.endswith(("wodetg", "baseline")):
        unused += [r"Atom\.degra_enc"]
    if variant.endswith("baseline"):
        unused += ["chr_promptAttn"]
    expected = {n for n, _ in restorer.named_parameters() if re.search("|".join(unused), n)}
    # Rectifiers may be closed everywhere in nets as narrow as these, so a few more are allowed.
    assert expected <= without
    assert len(without - expected) <= 4


def test_bfloat16_stays_near(make: Make) -> None:
    restorer, images, prompts = make(), torch.rand(1, 3, 16, 16), given()
    with torch.inference_mode():
        exact = restorer(images, prompts)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = restorer(images, prompts)
    assert rough.isfinite().all()
    assert (rough - exact).abs().mean() < 0.1 * (exact - images).abs().mean() + 0.01


@pytest.mark.parametrize(
    ("images", "prompts", "sentence"),
    [
        ((3, 8, 8), None, r"^the restorer was given a tensor of shape \[3, 8, 8\]; give images as"),
        ((1, 4, 8, 8), None, r"of shape \[1, 4, 8, 8\]; give images as \[B, 3, H, W\], RGB"),
        ((1, 3, 8, 20), None, r"^the restorer was given images of 20 x 8 pixels; give sides that"),
        ((1, 3, 0, 8), None, r"images of 8 x 0 pixels; give sides that are multiples of 8, padded"),
        ((2, 3, 8, 8), {"chromatic": (1, 6)}, r"prompts without degradation knowledge, which"),
        ((2, 3, 8, 8), {"degradation": (1, 6)}, r"prompts without chromatic knowledge, which"),
        (
            (2, 3, 8, 8),
            {"chromatic": (3, 6), "degradation": (1, 6)},
            r"^the chromatic prompt has shape \[3, 6\]; give vectors \[2 or 1, 6\] or images",
        ),
        (
            (2, 3, 8, 8),
            {"chromatic": (2, 6), "degradation": (2, 7)},
            r"^the degradation prompt has shape \[2, 7\]; give vectors \[2 or 1, 6\] or images",
        ),
    ],
)
def test_wrong_inputs_are_refused(
    make: Make,
    images: tuple[int, ...],
    prompts: dict[str, tuple[int, ...]] | None,
    sentence: str,
) -> None:
    vectors = prompts and {name: torch.ones(shape) for name, shape in prompts.items()}
    with pytest.raises(ParameterError, match=sentence):
        make()(torch.rand(images), vectors)


def test_prompt_images_of_another_count_are_refused(make: Make) -> None:
    with pytest.raises(ParameterError, match=r"give vectors \[2 or 1, 6\] or images \[2 or 1, 3"):
        make()(torch.rand(2, 3, 8, 8), torch.rand(3, 3, 16, 16))
