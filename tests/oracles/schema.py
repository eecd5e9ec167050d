"""Keys and shapes of the published state dicts, and seeded values for them."""

from __future__ import annotations

import numpy as np
import torch

Shapes = dict[str, tuple[int, ...]]
State = dict[str, torch.Tensor]

STAGES, EXPERTS, HIDDEN = 4, 8, 64
VARIANTS = ("Rainmer_SA_chralpha", "Rainmer_SA_detgalpha")
DIM, BASE = 4, 16  # a twelfth and an eighth of the published widths


def mixture(prefix: str, c: int, *, linear: bool) -> Shapes:
    """A mixture of experts over c channels: gate, entry, four stages of eight experts."""
    tail: tuple[int, ...] = () if linear else (1, 1)
    found: Shapes = {
        f"{prefix}.layers.0.ca_fc.0.weight": (HIDDEN, c, *tail),
        f"{prefix}.layers.0.ca_fc.0.bias": (HIDDEN,),
        f"{prefix}.layers.0.ca_fc.2.weight": (STAGES * EXPERTS, HIDDEN, *tail),
        f"{prefix}.layers.0.ca_fc.2.bias": (STAGES * EXPERTS,),
        f"{prefix}.layers.1.preprocess.op.0.weight": (c, c, 1, 1),
    }
    for s in range(STAGES):
        stage = f"{prefix}.layers.1._ops.{s}"
        for j, k in enumerate((1, 3, 5, 7)):
            for first in (0, 3):
                found[f"{stage}._ops.{j}.op.{first}.weight"] = (c, 1, k, k)
                found[f"{stage}._ops.{j}.op.{first + 1}.weight"] = (c, c, 1, 1)
        for j, k in ((4, 3), (5, 5), (6, 7)):
            found[f"{stage}._ops.{j}.op.0.weight"] = (c, 1, k, k)
            found[f"{stage}._ops.{j}.op.1.weight"] = (c, c, 1, 1)
        found[f"{stage}._out.0.weight"] = (c, EXPERTS * c, 1, 1)
    return found


def encoder(dim: int = DIM, base: int = BASE) -> Shapes:
    """The bare encoder: 119 tensors."""
    found: Shapes = {"conv.proj.weight": (dim, 3, 3, 3), "conv.proj.bias": (dim,)}
    found |= mixture("MoEs", dim, linear=True)
    for head in ("chromatic_enc", "degra_enc"):
        for name, channels in (("0", dim), ("2.conv1", base), ("2.conv2", base)):
            found[f"Atom.{head}.{name}.weight"] = (base, channels, 3, 3)
            found[f"Atom.{head}.{name}.bias"] = (base,)
        for se in ("se1", "se2"):
            found[f"Atom.{head}.2.{se}.se.1.weight"] = (base // 16, base, 1, 1)
            found[f"Atom.{head}.2.{se}.se.3.weight"] = (base, base // 16, 1, 1)
    return found


def block(prefix: str, c: int, heads: int, variant: str, *, cross: bool) -> Shapes:
    """A transformer block; a cross block takes prompts too."""
    h = int(2.66 * c)
    found: Shapes = {
        **{f"{prefix}.norm{n}.body.{part}": (c,) for n in (1, 2) for part in ("weight", "bias")},
        f"{prefix}.attn.temperature": (heads, 1, 1),
        f"{prefix}.attn.attns": (4,),
        f"{prefix}.attn.qkv.weight": (3 * c, c, 1, 1),
        f"{prefix}.attn.qkv_dwconv.weight": (3 * c, 1, 3, 3),
        f"{prefix}.attn.project_out.weight": (c, c, 1, 1),
        f"{prefix}.ffn.project_in.weight": (2 * h, c, 1, 1),
        f"{prefix}.ffn.project_out.weight": (c, 2 * h, 1, 1),
    }
    for k in (3, 5):
        found[f"{prefix}.ffn.dwconv{k}x{k}.weight"] = (2 * h, 1, k, k)
        found[f"{prefix}.ffn.dwconv{k}x{k}_1.weight"] = (h, 2, k, k)
    if cross:
        for view in ("chr", "detg"):
            place = f"{prefix}.attn.{view}_promptAttn"
            found |= {
                f"{place}.classifier.0.weight": (c, c, 1, 1),
                f"{place}.classifier.0.bias": (c,),
                f"{place}.classifier.2.weight": (1, c, 1, 1),
                f"{place}.classifier.2.bias": (1,),
                f"{place}.trans.0.weight": (c, BASE, 1, 1),
                f"{place}.trans.0.bias": (c,),
            }
        found[f"{prefix}.attn.{'chr' if 'chralpha' in variant else 'detg'}_z"] = (1, BASE, 1, 1)
    return found


def restorer(variant: str, d: int = DIM) -> Shapes:
    """A whole Rainmer with one block a level."""
    found: Shapes = {}
    for which in ("encoder_q", "encoder_k"):
        found |= {f"disentangle.{which}.{key}": shape for key, shape in encoder(d).items()}
    found["patch_embed.proj.weight"] = (d, 3, 3, 3)
    found |= mixture("encoder_level0", d, linear=False)
    for place, k in (("location_map", 3), ("channel_map", 1)):
        for n in (0, 2):
            found[f"cross_fuse.{place}.{n}.weight"] = (d, d, k, k)
            found[f"cross_fuse.{place}.{n}.bias"] = (d,)
    for level, c, heads in (
        ("encoder_level1", d, 1),
        ("encoder_level2", 2 * d, 2),
        ("encoder_level3", 4 * d, 4),
        ("latent", 8 * d, 8),
    ):
        found |= block(f"{level}.0", c, heads, variant, cross=False)
    for level, c, heads in (
        ("decoder_level3", 4 * d, 4),
        ("decoder_level2", 2 * d, 2),
        ("decoder_level1", 2 * d, 1),
    ):
        found |= block(f"{level}.0", c, heads, variant, cross=True)
    for name, c in (("down1_2", d), ("down2_3", 2 * d), ("down3_4", 4 * d)):
        found[f"{name}.body.0.weight"] = (c // 2, c, 3, 3)
    for name, c in (("up4_3", 8 * d), ("up3_2", 4 * d), ("up2_1", 2 * d)):
        found[f"{name}.body.0.weight"] = (2 * c, c, 3, 3)
    found["reduce_chan_level3.weight"] = (4 * d, 8 * d, 1, 1)
    found["reduce_chan_level2.weight"] = (2 * d, 4 * d, 1, 1)
    found |= mixture("refinement", 2 * d, linear=False)
    found["output.weight"] = (3, 2 * d, 3, 3)
    return found


def residual_encoder(width: int = 4, out: int = 16) -> Shapes:
    """AirNet's encoder; `width` is 64 and `out` 256 as published."""
    found: Shapes = {}
    for name, i, o in (
        ("E_pre", 3, width),
        ("E.0", width, 2 * width),
        ("E.1", 2 * width, 4 * width),
    ):
        for layer, shape in (
            ("backbone.0", (o, i, 3, 3)),
            ("backbone.3", (o, o, 3, 3)),
            ("shortcut.0", (o, i, 1, 1)),
        ):
            found[f"{name}.{layer}.weight"] = shape
        for norm in ("backbone.1", "backbone.4", "shortcut.1"):
            for part in ("weight", "bias", "running_mean", "running_var"):
                found[f"{name}.{norm}.{part}"] = (o,)
            found[f"{name}.{norm}.num_batches_tracked"] = ()
    for n, i, o in ((0, 4 * width, 4 * width), (2, 4 * width, out)):
        found[f"mlp.{n}.weight"] = (o, i)
        found[f"mlp.{n}.bias"] = (o,)
    return found


def contrastive(width: int = 4, out: int = 16, queue: int = 1280) -> Shapes:
    """AirNet's contrastive part: query and key encoder, and the queue."""
    found: Shapes = {"E.queue": (out, queue), "E.queue_ptr": (1,)}
    for which in ("encoder_q", "encoder_k"):
        found |= {f"E.{which}.{k}": shape for k, shape in residual_encoder(width, out).items()}
    return found


def values(shapes: Shapes, seed: int) -> State:
    """Seeded values of about the size that keeps activations alive, float32 (counters int64)."""
    random = np.random.RandomState(seed)  # its stream is fixed for good
    found: State = {}
    for name, shape in shapes.items():
        drawn = random.standard_normal(shape)
        if name.endswith(("num_batches_tracked", "queue_ptr")):
            found[name] = torch.zeros(shape, dtype=torch.int64)
            continue
        if name.endswith("running_var"):
            drawn = 0.5 + np.abs(drawn)
        elif name.endswith("temperature") or (len(shape) == 1 and name.endswith("weight")):
            drawn = 1 + 0.2 * drawn
        elif name.endswith("attns"):
            drawn = 0.2 + 0.1 * drawn
        elif len(shape) == 1:
            drawn = 0.1 * drawn
        elif not name.endswith("_z"):
            drawn = 1.2 * drawn / np.sqrt(np.prod(shape[1:]))
        if name == "output.weight":
            drawn = 0.01 * drawn  # what is added to an image is small beside it
        found[name] = torch.from_numpy(np.asarray(drawn, np.float32))
    return found


def images(seed: int, *shape: int) -> torch.Tensor:
    """Seeded images in [0, 1] with slow and quick changes, float32 [n, 3, h, w]."""
    random = np.random.RandomState(seed)
    n, c, h, w = shape
    y, x = np.arange(h)[:, None] / h, np.arange(w) / w
    turns, starts = random.uniform(0.5, 4, (2, n, c, 1, 1)), random.uniform(0, 6, (n, c, 1, 1))
    waves = 0.5 + 0.3 * np.sin(2 * np.pi * (turns[0] * y + turns[1] * x) + starts)
    return torch.from_numpy(np.clip(waves + 0.1 * random.standard_normal(shape), 0, 1).astype("f4"))
