"""Lay out a folder of oracles under the names and keys of the published code's."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tests.oracles import plain, protocol, schema

SIZES = {"64": (64, 64), "128": (128, 128), "odd": (53, 77)}
NETWORKS = {
    "rainmer_encoder": (schema.encoder, plain.encoder, ""),
    "airnet_cbde": (schema.contrastive, plain.airnet, "E.encoder_q."),
}


def doubles(w: schema.State) -> schema.State:
    return {name: each.double() if each.is_floating_point() else each for name, each in w.items()}


@cache
def restorer_weights(variant: str) -> schema.State:
    return schema.values(schema.restorer(variant), seed=7 + schema.VARIANTS.index(variant))


def replay_images() -> dict[str, Tensor]:
    return {"x": schema.images(20, 1, 3, 64, 64), "q": schema.images(21, 1, 3, 128, 128)}


@torch.inference_mode()
def network(name: str) -> tuple[schema.State, dict[str, Tensor]]:
    """Weights of an encoder, images of three sizes and what the plain code makes of them."""
    shapes, forward, prefix = NETWORKS[name]
    w, io = schema.values(shapes(), seed=5), {}
    own = {k.removeprefix(prefix): v for k, v in doubles(w).items() if k.startswith(prefix)}
    for number, (size, sides) in enumerate(SIZES.items()):
        io[f"in_{size}"] = schema.images(number, 2, 3, *sides)
        for key, found in forward(own, io[f"in_{size}"].double()).items():
            pooled = found.ndim == 2 or found.shape[2:] == (1, 1)
            if pooled or size == "64":
                io[f"{key}_{size}"] = (found.flatten(1) if pooled else found).float()
    return w, io


def vectors() -> dict[str, np.ndarray]:
    """The small outputs of both encoders, by file and key."""
    found = {}
    for name in NETWORKS:
        for key, values in network(name)[1].items():
            if not key.startswith(("in_", "location", "detail")):
                found[f"{name}/{key}"] = values.numpy()
    return found


@torch.inference_mode()
def restored(variant: str) -> dict[str, Tensor]:
    """What the plain restorer gives where torch.topk chooses among equals, as published."""
    w = restorer_weights(variant)
    io = {
        "in_64": schema.images(1, 2, 3, 64, 64),
        "q_64": schema.images(2, 2, 3, 128, 128),
        "in_odd": schema.images(3, 1, 3, 72, 88),
        "q_odd": schema.images(4, 1, 3, 128, 128),
    }
    for size, with_prompt in (("64", True), ("odd", True), ("64", False)):
        prompt = io[f"q_{size}"] if with_prompt else None
        key = f"out_{size}" if with_prompt else f"out_noadapt_{size}"
        io[key] = plain.restorer(w, io[f"in_{size}"], prompt, plain.torch_topk)
    return io


def measured() -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for size, names, sides in (("small", "ab", (96, 120)), ("large", "AB", (400, 440))):
        one = schema.images(30, 1, 3, *sides).numpy()
        noise = 0.05 * np.random.RandomState(31).standard_normal(one.shape)
        pair = one, np.clip(one + noise, 0, 1).astype("f4")
        found |= dict(zip(names, pair, strict=True))
        for key, value in protocol.metrics(pair[0][0], pair[1][0]).items():
            found[f"{key}_{size}"] = np.float32(value)
    return found


def mined() -> dict[str, np.ndarray]:
    given = {}
    for name, image, clean, count, seed in (
        ("own", "inp", "tar", 2, 40),
        ("archive", "arch_i", "arch_t", 12, 41),
    ):
        del name
        target = schema.images(seed, count, 3, 128, 128).numpy()
        random = np.random.RandomState(seed)
        strength = random.uniform(0.05, 0.5, (count, 1, 1, 1))
        streaks = strength * (random.random_sample((count, 1, 128, 128)) > 0.9)
        shade = random.uniform(0.3, 1, (count, 3, 1, 1)) if count > 2 else 1.0
        given[clean] = (target * shade).astype("f4")
        given[image] = np.clip(given[clean] + streaks, 0, 1).astype("f4")
    return given | protocol.mining(given)


def build(folder: Path) -> Path:
    """Write all files of the folder."""
    with np.load(Path(__file__).with_name("recorded.npz")) as stored:
        recorded = dict(stored)
    for name in NETWORKS:
        w, io = network(name)
        torch.save(w, folder / f"{name}.pth")
        arrays = {key: each.numpy() for key, each in io.items()}
        known = {k.removeprefix(f"{name}/"): v for k, v in recorded.items() if k.startswith(name)}
        np.savez(folder / f"{name}_io.npz", **arrays | known)
    for variant in schema.VARIANTS:
        torch.save(restorer_weights(variant), folder / f"tiny_{variant}.pth")
        io = {key: each.numpy() for key, each in restored(variant).items()}
        np.savez(folder / f"tiny_{variant}_io.npz", **io)
    replay = {k.removeprefix("replay_"): v for k, v in recorded.items() if k.startswith("replay_")}
    given = {key: each.numpy() for key, each in replay_images().items()}
    np.savez(folder / "tiny_replay_io.npz", **given, **replay)
    np.savez(folder / "metrics_io.npz", **measured())
    np.savez(folder / "mining_io.npz", **mined())
    np.savez(folder / "umap_io.npz", **analysed(recorded["angles"]))
    return folder


def analysed(angles: np.ndarray) -> dict[str, np.ndarray]:
    """Return clusters, the angles of their map, and what the published analysis makes of both."""
    rows = protocol.clusters()
    placed = {key: each.astype("f4") for key, each in protocol.analysis(rows, angles).items()}
    return {"X": rows, "emb": angles, **placed}
