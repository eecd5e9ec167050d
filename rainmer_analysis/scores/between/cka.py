"""Linear CKA and orthogonal Procrustes: two views of the same images."""

from __future__ import annotations

import numpy as np

from rainmer_analysis.scores.score import Floats

__all__ = ["debiased_cka", "linear_cka", "procrustes_similarity"]


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
    product = _hsic(x, x) * _hsic(y, y)
    return float(_hsic(x, y) / np.sqrt(product)) if product > 0 else float("nan")


def _hsic(x: Floats, y: Floats) -> float:
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
