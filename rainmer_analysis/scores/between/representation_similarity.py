"""Similarity of two encoders: linear CKA, Procrustes, and rank correlation of dataset matrices."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from rainmer_analysis.numerics import hash_scene_names, splitmix64, unit_rows
from rainmer_analysis.scores.matrix_bootstrap import cosine_matrices
from rainmer_analysis.scores.score import Batch, Context, Floats
from rainmer_analysis.scores.streaming import sum_scenes
from rainmer_analysis.values import EmbeddingTable, report_progress

__all__ = [
    "FEWEST_DATASETS",
    "batch_per_dataset",
    "dataset_cosine_matrices",
    "debiased_cka",
    "linear_cka",
    "procrustes_similarity",
    "rsa_correlation",
    "split_half_reliability",
]


def linear_cka(first: Floats, second: Floats) -> float:
    """Return linear CKA of two encodings of the same images.

    |Y'X|² / (|X'X| |Y'Y|) of centred columns (Kornblith et al., ICML 2019): 1 for the same up to
    rotation and scale. For fewer images than dimensions it is high whatever the encodings.

    Parameters
    ----------
    first, second
        Shapes (n, d) and (n, e); row i of both is the same image.
    """
    x, y = first - first.mean(axis=0), second - second.mean(axis=0)
    scale = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float((np.linalg.norm(y.T @ x) ** 2) / scale) if scale > 0 else float("nan")


def debiased_cka(first: Floats, second: Floats) -> float:
    """Return linear CKA from unbiased estimates of its three terms.

    0 in expectation for encodings that have nothing to do with each other, for any number of
    images (Song et al., JMLR 13, 2012; Murphy, Zylberberg and Fyshe, 2024). It can fall below 0.

    Parameters
    ----------
    first, second
        Shapes (n, d) and (n, e), n at least 4.
    """
    x, y = first - first.mean(axis=0), second - second.mean(axis=0)
    product = _unbiased_hsic(x, x) * _unbiased_hsic(y, y)
    return float(_unbiased_hsic(x, y) / np.sqrt(product)) if product > 0 else float("nan")


def _unbiased_hsic(x: Floats, y: Floats) -> float:
    """Return the unbiased HSIC of linear kernels without writing the (n, n) kernels out."""
    count = len(x)
    lengths = np.einsum("nd,nd->n", x, x), np.einsum("nd,nd->n", y, y)
    rows = x @ x.sum(axis=0) - lengths[0], y @ y.sum(axis=0) - lengths[1]
    trace = float((x.T @ y).ravel() @ (x.T @ y).ravel() - lengths[0] @ lengths[1])
    sums = float(rows[0].sum() * rows[1].sum()) / ((count - 1) * (count - 2))
    crossed = 2 * float(rows[0] @ rows[1]) / (count - 2)
    return (trace + sums - crossed) / (count * (count - 3))


def procrustes_similarity(first: Floats, second: Floats) -> float:
    """Return how well the best rotation of one encoding fits the other, from 0 to 1.

    The sum of the singular values of Y'X, of centred encodings of unit length: 1 - d²/2 of the
    orthogonal Procrustes distance d (Schönemann, 1966; Williams et al., NeurIPS 2021).

    Parameters
    ----------
    first, second
        Shapes (n, d) and (n, e).
    """
    x, y = first - first.mean(axis=0), second - second.mean(axis=0)
    scale = np.linalg.norm(x) * np.linalg.norm(y)
    return float(np.linalg.norm(y.T @ x, "nuc") / scale) if scale > 0 else float("nan")


FEWEST_DATASETS = 4
"""Three datasets have three pairs, whose ranks agree by chance in one case of six."""
_SPLITS = 20


def rsa_correlation(first: Floats, second: Floats) -> float:
    """Return Spearman's correlation of the cells above the diagonal of two matrices (k, k)."""
    rows, columns = np.triu_indices(len(first), k=1)
    ranks = [rankdata(matrix[rows, columns]) for matrix in (first, second)]
    if min(np.ptp(each) for each in ranks) == 0:
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def batch_per_dataset(table: EmbeddingTable) -> list[Batch]:
    """Return the images of each dataset of a table, with their scenes."""
    unit, scenes = unit_rows(table.vectors), hash_scene_names(table.rows.cells("group"))
    codes = table.rows.codes
    return [
        Batch(unit[codes == code], scenes[codes == code], scenes[codes == code])
        for code in range(len(table.rows.datasets))
    ]


def dataset_cosine_matrices(batches: list[Batch], *, resamples: int = 0, seed: int = 42) -> Floats:
    """Return the cosine matrix of datasets and of each resample of them, shape (1 + r, k, k)."""
    context = Context(resamples=resamples, seed=seed)
    return cosine_matrices([sum_scenes(batch, context) for batch in batches], context)


def split_half_reliability(batches: list[Batch], *, seed: int) -> float:
    """Return how well a dataset matrix agrees with that of as many other scenes.

    Scenes are cut into halves, the same in all datasets; the mean correlation of the two halves'
    matrices over 20 cuts, stepped up to the whole number of scenes (Spearman and Brown, 1910).
    """
    found = []
    for cut in range(_SPLITS):
        halves = [_half_of_scenes(batches, seed + cut, upper=upper) for upper in (False, True)]
        if min(len(batch.unit) for half in halves for batch in half) == 0:
            return float("nan")
        matrices = [dataset_cosine_matrices(half)[0] for half in halves]
        found.append(rsa_correlation(*matrices))
        report_progress(cut + 1, _SPLITS, "cut")
    half = float(np.mean(found))
    return max(0.0, 2 * half / (1 + half)) if half > -1 else 0.0


def _half_of_scenes(batches: list[Batch], seed: int, *, upper: bool) -> list[Batch]:
    found = []
    for batch in batches:
        draw = splitmix64(batch.scenes ^ splitmix64(np.uint64(seed)))
        own = (draw >> np.uint64(63) == 1) == upper
        found.append(Batch(batch.unit[own], batch.scenes[own], batch.images[own]))
    return found
