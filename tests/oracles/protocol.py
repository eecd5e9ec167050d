"""The published analysis, metrics and mining of samples, from their descriptions, in numpy."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray


def window() -> Array:
    axis = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    return np.outer(axis, axis) / axis.sum() ** 2


def ssim_map(x: Array, y: Array, scale: float) -> Array:
    """SSIM of every whole window of two planes."""

    def smooth(plane: Array) -> Array:
        return np.einsum("ijkl,kl->ij", sliding_window_view(plane, (11, 11)), window())

    mx, my = smooth(x), smooth(y)
    vx, vy, vxy = smooth(x * x) - mx**2, smooth(y * y) - my**2, smooth(x * y) - mx * my
    c1, c2 = (0.01 * scale) ** 2, (0.03 * scale) ** 2
    return (2 * mx * my + c1) * (2 * vxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))


def metrics(one: Array, two: Array) -> dict[str, float]:
    """Both qualities of the published evaluation and both terms of its training, of [3, h, w]."""
    one, two = one.astype(float), two.astype(float)
    planes = []
    for r, g, b in (255 * one, 255 * two):
        planes.append(0.256789 * r + 0.504129 * g + 0.097906 * b + 16)
    mse = ((planes[0] - planes[1]) ** 2).mean()
    k = max(1, round(min(one.shape[1:]) / 256))
    pooled = []
    for plane in planes:
        h, w = (side // k * k for side in plane.shape)
        pooled.append(plane[:h, :w].reshape(h // k, k, w // k, k).mean(axis=(1, 3)))
    padded = [np.pad(image, ((0, 0), (5, 5), (5, 5))) for image in (one, two)]
    maps = [ssim_map(x, y, 1.0) for x, y in zip(*padded, strict=True)]
    return {
        "psnr": 10 * np.log10(255**2 / mse),
        "ssim": ssim_map(*pooled, 255.0).mean(),
        "trainssim": np.mean(maps),
        "charbonnier": np.sqrt((one - two) ** 2 + 1e-6).mean(),
    }


def mining(given: dict[str, Array]) -> dict[str, Array]:
    """Negatives out of an archive, flips left out: images and targets, float32 [n, 3, 128, 128]."""
    own, archived = given["inp"], given["arch_i"]
    colour, colours = (each.astype(float).mean(axis=(2, 3)) for each in (own, archived))
    apart = np.abs(colour[:, None] - colours[None]).sum(axis=2)
    chosen = np.argsort(-apart, axis=1, kind="stable")[:, :4]
    factor = (1e-5 + colours[chosen]) / (1e-5 + colour[:, None])
    relit = np.clip(own[:, None] * factor[..., None, None], 0, 1)
    rain = np.clip(own - given["tar"], 0, 1)
    stored = np.clip(archived - given["arch_t"], 0, 1)
    sizes, stored_sizes = (
        np.linalg.svd(each[:, :, ::4, ::4].astype(float), compute_uv=False)
        for each in (rain, stored)
    )
    distance = np.abs(sizes[:, None] - stored_sizes[None]).sum(axis=(2, 3))
    worst = np.argsort(-distance, axis=1, kind="stable")[:, :4]
    rained = np.clip(given["tar"][:, None] + stored[worst], 0, 1)
    return {
        "chr_idx": chosen,
        "chr_neg": relit.astype("f4"),
        "svd": sizes.astype("f4"),
        "svd_dist": distance.astype("f4"),
        "deg_idx": worst,
        "deg_neg": rained.astype("f4"),
    }


def clusters() -> Array:
    """Four sets of 120 unit vectors, float32 [480, 24], of which two lie near each other."""
    random = np.random.RandomState(11)
    middles = random.standard_normal((4, 24))
    middles[1] = middles[0] + 0.5 * middles[1]
    rows = np.repeat(middles, 120, axis=0) + 0.7 * random.standard_normal((480, 24))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("f4")


def analysis(vectors: Array, angles: Array) -> dict[str, Array]:
    """Scores of the sets, and places on the sphere: right ones and those that were plotted."""
    rows, (theta, phi) = vectors.astype(float), angles.astype(float).T
    cosines = rows @ rows.T
    parts = [slice(120 * i, 120 * (i + 1)) for i in range(4)]
    scores = np.array([[cosines[a, b].mean() for b in parts] for a in parts])
    others = ~np.eye(120, dtype=bool)
    x, y, z = np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)
    return {
        "xyz": np.stack([x, y, z], axis=1),
        "lon": np.arctan2(y, x),
        "lat": np.arcsin(np.clip(z, -1, 1)),
        "author_x": np.arctan2(x, y),
        "author_y": np.arccos(z),
        "S": scores,
        "S_diag_noself": np.array([cosines[a, a][others].mean() for a in parts]),
    }
