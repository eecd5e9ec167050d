"""The published operations, one after the other, on the published state dicts.

Written from their description alone and without thought of speed. Everything works in the type of
the given tensors; float64 gives the oracle's numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import torch
import torch.nn.functional as nnf
from torch import Tensor

Weights = dict[str, Tensor]
# attention [b, heads, c, c] and a number of entries to keep -> indices [b, heads, c, k]
Choose = Callable[[Tensor, int], Tensor]


def lowest(attention: Tensor, k: int) -> Tensor:
    """Choose the k largest of each row; among equal ones those with the lowest index."""
    return attention.sort(dim=-1, descending=True, stable=True).indices[..., :k]


def torch_topk(attention: Tensor, k: int) -> Tensor:
    """Choose as the published code does, whichever equal ones that takes."""
    return attention.topk(k, dim=-1, largest=True).indices


def conv(x: Tensor, w: Weights, name: str, **how: int) -> Tensor:
    weight = w[f"{name}.weight"]
    how.setdefault("padding", weight.shape[-1] // 2 * how.get("dilation", 1))
    return nnf.conv2d(x, weight, w.get(f"{name}.bias"), **how)


def leaky(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, 0.1 * x)


def mean_pixels(x: Tensor) -> Tensor:
    return x.mean(dim=(2, 3), keepdim=True)


def unit(x: Tensor) -> Tensor:
    return x / x.pow(2).sum(dim=1, keepdim=True).sqrt().clamp_min(1e-12)


def mixture(w: Weights, prefix: str, entered: Tensor) -> Tensor:
    """A mixture of experts: its gate looks at what enters, four stages refine it."""
    c = entered.shape[1]
    pooled = entered.mean(dim=(2, 3))
    gate = f"{prefix}.layers.0.ca_fc"
    hidden = pooled @ w[f"{gate}.0.weight"].reshape(-1, c).T + w[f"{gate}.0.bias"]
    scores = hidden.relu() @ w[f"{gate}.2.weight"].reshape(32, -1).T + w[f"{gate}.2.bias"]
    shares = scores.reshape(-1, 4, 8).softmax(dim=2)
    x = conv(entered, w, f"{prefix}.layers.1.preprocess.op.0").relu()
    ones = torch.ones_like(x[:1, :1])
    neighbours = nnf.conv2d(ones, torch.ones(1, 1, 3, 3, dtype=x.dtype), padding=1)
    for s in range(4):
        stage = f"{prefix}.layers.1._ops.{s}"
        answers = []
        for j in range(4):
            op = f"{stage}._ops.{j}.op"
            y = conv(conv(x, w, f"{op}.0", groups=c), w, f"{op}.1").relu()
            answers.append(conv(conv(y, w, f"{op}.3", groups=c), w, f"{op}.4"))
        for j in (4, 5, 6):
            op = f"{stage}._ops.{j}.op"
            answers.append(conv(conv(x, w, f"{op}.0", groups=c, dilation=2), w, f"{op}.1"))
        summed = nnf.conv2d(x, torch.ones(c, 1, 3, 3, dtype=x.dtype), padding=1, groups=c)
        answers.append(summed / neighbours)
        joined = [shares[:, s, j, None, None, None] * answer for j, answer in enumerate(answers)]
        x = (conv(torch.cat(joined, dim=1), w, f"{stage}._out.0").relu() + x).relu()
    return x


def squeeze(w: Weights, name: str, x: Tensor) -> Tensor:
    hidden = conv(mean_pixels(x), w, f"{name}.se.1").relu()
    return x * conv(hidden, w, f"{name}.se.3").sigmoid()


def projected(w: Weights, head: str, location: Tensor) -> Tensor:
    x = leaky(conv(location, w, f"Atom.{head}.0"))
    y = leaky(squeeze(w, f"Atom.{head}.2.se1", conv(x, w, f"Atom.{head}.2.conv1")))
    return leaky(squeeze(w, f"Atom.{head}.2.se2", conv(y, w, f"Atom.{head}.2.conv2")) + x)


def encoder(w: Weights, images: Tensor) -> dict[str, Tensor]:
    """Rainmer's encoder: location, both pooled and normalised vectors, the map of details."""
    location = mixture(w, "MoEs", conv(images, w, "conv.proj"))
    chromatic, degradation = (
        projected(w, each, location) for each in ("chromatic_enc", "degra_enc")
    )
    found = {"location": location, "detail_map": nnf.avg_pool2d(degradation, 8, 8)}
    for name, x in (("chromatic", chromatic), ("degradation", degradation)):
        found[f"p_{name}"] = mean_pixels(x)
        found[f"z_{name}"] = unit(found[f"p_{name}"])
    return found


def airnet(w: Weights, images: Tensor) -> dict[str, Tensor]:
    """AirNet's encoder in evaluation mode: pooled features and the contrastive head."""

    def norm(x: Tensor, name: str) -> Tensor:
        shape = (1, -1, 1, 1)
        centred = x - w[f"{name}.running_mean"].reshape(shape)
        scaled = centred / (w[f"{name}.running_var"].reshape(shape) + 1e-5).sqrt()
        return scaled * w[f"{name}.weight"].reshape(shape) + w[f"{name}.bias"].reshape(shape)

    x = images
    for name, stride in (("E_pre", 1), ("E.0", 2), ("E.1", 2)):
        y = leaky(norm(conv(x, w, f"{name}.backbone.0", stride=stride), f"{name}.backbone.1"))
        y = norm(conv(y, w, f"{name}.backbone.3"), f"{name}.backbone.4")
        x = leaky(y + norm(conv(x, w, f"{name}.shortcut.0", stride=stride), f"{name}.shortcut.1"))
    fea = x.mean(dim=(2, 3))
    hidden = leaky(fea @ w["mlp.0.weight"].T + w["mlp.0.bias"])
    return {"fea": fea, "out": hidden @ w["mlp.2.weight"].T + w["mlp.2.bias"]}


def fuse(w: Weights, location: Tensor, f: Tensor) -> Tensor:
    """Local knowledge fusion."""
    m = conv(leaky(conv(location, w, "cross_fuse.location_map.0")), w, "cross_fuse.location_map.2")
    c = conv(
        leaky(conv(mean_pixels(f), w, "cross_fuse.channel_map.0")), w, "cross_fuse.channel_map.2"
    )
    return (m.mean(dim=1, keepdim=True) * f).sigmoid() * location + (c * location).sigmoid() * f


def attention(w: Weights, at: str, x: Tensor, choose: Choose) -> Tensor:
    b, c, height, width = x.shape
    heads = w[f"{at}.temperature"].shape[0]
    qkv = conv(conv(x, w, f"{at}.qkv"), w, f"{at}.qkv_dwconv", groups=3 * c)
    q, k, v = (part.reshape(b, heads, c // heads, height * width) for part in qkv.chunk(3, dim=1))
    q, k = (part / part.norm(dim=3, keepdim=True).clamp_min(1e-12) for part in (q, k))
    logits = q @ k.transpose(2, 3) * w[f"{at}.temperature"]
    total = torch.zeros_like(v)
    for number, rate in enumerate((Fraction(1, 2), Fraction(2, 3), Fraction(3, 4), Fraction(4, 5))):
        kept = choose(logits, int(c // heads * rate))
        masked = torch.full_like(logits, -torch.inf)
        masked.scatter_(3, kept, logits.gather(3, kept))
        logits = masked.softmax(dim=3)  # the next rate acts on what this one gave
        total = total + w[f"{at}.attns"][number] * (logits @ v)
    return conv(total.reshape(b, c, height, width), w, f"{at}.project_out")


def prompted(w: Weights, at: str, o: Tensor, z: Tensor) -> Tensor:
    hidden = nnf.gelu(conv(o, w, f"{at}.classifier.0"), approximate="none")
    gate = conv(hidden, w, f"{at}.classifier.2").sigmoid()
    return nnf.silu(conv(gate * z, w, f"{at}.trans.0"))


def feed_forward(w: Weights, at: str, x: Tensor) -> Tensor:
    u = conv(x, w, f"{at}.project_in")
    h = u.shape[1] // 2
    a = conv(u, w, f"{at}.dwconv3x3", groups=2 * h).relu()
    b = conv(u, w, f"{at}.dwconv5x5", groups=2 * h).relu()
    y1 = conv(torch.cat([a[:, :h], b[:, :h]], dim=1), w, f"{at}.dwconv3x3_1", groups=h).relu()
    y2 = conv(torch.cat([a[:, h:], b[:, h:]], dim=1), w, f"{at}.dwconv5x5_1", groups=h).relu()
    return conv(torch.cat([y1, y2], dim=1), w, f"{at}.project_out")


def layer_norm(w: Weights, at: str, x: Tensor) -> Tensor:
    centred = x - x.mean(dim=1, keepdim=True)
    scaled = centred / (centred.pow(2).mean(dim=1, keepdim=True) + 1e-5).sqrt()
    weight, bias = (w[f"{at}.body.{part}"].reshape(1, -1, 1, 1) for part in ("weight", "bias"))
    return scaled * weight + bias


def block(
    w: Weights, at: str, x: Tensor, prompts: tuple[Tensor, Tensor] | None, choose: Choose
) -> Tensor:
    o = attention(w, f"{at}.attn", layer_norm(w, f"{at}.norm1", x), choose)
    if prompts is not None:
        z_chr, z_deg = prompts
        p_chr = prompted(w, f"{at}.attn.chr_promptAttn", o, z_chr)
        p_deg = prompted(w, f"{at}.attn.detg_promptAttn", o, z_deg)
        if f"{at}.attn.chr_z" in w:
            cosine = (unit(w[f"{at}.attn.chr_z"]) * z_chr).sum(dim=1, keepdim=True)
            share = (1 + cosine) / 2
            o = o + share * p_chr + (1 - share) * p_deg
        else:
            cosine = (unit(w[f"{at}.attn.detg_z"]) * z_deg).sum(dim=1, keepdim=True)
            o = o + (1 - cosine) * p_chr + cosine * p_deg
    x = x + o
    return x + feed_forward(w, f"{at}.ffn", layer_norm(w, f"{at}.norm2", x))


def restorer(w: Weights, images: Tensor, prompt: Tensor | None, choose: Choose = lowest) -> Tensor:
    """The whole network; `prompt` holds the 128 x 128 images of the prompts, or is left out."""
    query = {
        k.removeprefix("disentangle.encoder_q."): v for k, v in w.items() if ".encoder_q." in k
    }
    prompts = None
    if prompt is not None:
        found = encoder(query, prompt)
        prompts = found["z_chromatic"], found["z_degradation"]
    f = mixture(w, "encoder_level0", conv(images, w, "patch_embed.proj"))
    e1 = fuse(w, encoder(query, images)["location"], f)
    e1 = block(w, "encoder_level1.0", e1, None, choose)
    e2 = nnf.pixel_unshuffle(conv(e1, w, "down1_2.body.0"), 2)
    e2 = block(w, "encoder_level2.0", e2, None, choose)
    e3 = nnf.pixel_unshuffle(conv(e2, w, "down2_3.body.0"), 2)
    e3 = block(w, "encoder_level3.0", e3, None, choose)
    deep = nnf.pixel_unshuffle(conv(e3, w, "down3_4.body.0"), 2)
    deep = block(w, "latent.0", deep, None, choose)
    up = nnf.pixel_shuffle(conv(deep, w, "up4_3.body.0"), 2)
    d3 = conv(torch.cat([up, e3], dim=1), w, "reduce_chan_level3")
    d3 = block(w, "decoder_level3.0", d3, prompts, choose)
    up = nnf.pixel_shuffle(conv(d3, w, "up3_2.body.0"), 2)
    d2 = conv(torch.cat([up, e2], dim=1), w, "reduce_chan_level2")
    d2 = block(w, "decoder_level2.0", d2, prompts, choose)
    up = nnf.pixel_shuffle(conv(d2, w, "up2_1.body.0"), 2)
    d1 = block(w, "decoder_level1.0", torch.cat([up, e1], dim=1), prompts, choose)
    return conv(mixture(w, "refinement", d1), w, "output") + images
