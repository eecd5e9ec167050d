"""How far the vectors of ``fast`` are from those of ``exact``, on a few images."""

from __future__ import annotations

import numpy as np

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images import read_image, resize
from rainmer_analysis.infer.encoders.encoder_contract import Encoder
from rainmer_analysis.values import ImageSet

__all__ = ["compare_fast_with_exact"]


def compare_fast_with_exact(
    fast: Encoder, exact: Encoder, images: ImageSet, *, count: int = 4
) -> tuple[dict[str, float], int]:
    """Compare fast and exact vectors of a few images, spread evenly over a set.

    Parameters
    ----------
    fast, exact
        The same network in both precisions.
    images
        The set; what cannot be read is passed over.
    count
        Images to compare, at most.

    Returns
    -------
    The lowest cosine of each view, and the number of images that were compared.
    """
    lowest, compared = dict.fromkeys(fast.views, 1.0), 0
    places = np.unique(np.linspace(0, len(images) - 1, count).round().astype(int))
    chosen = images.rows.take(places).frame
    for path, region in zip(chosen["path"], chosen["region"], strict=True):
        try:
            image = resize(read_image(path, region=region), rule=fast.preprocessing)
        except ImageError:
            continue
        compared += 1
        pair = [encoder.encode(image[None]) for encoder in (fast, exact)]
        for view in lowest:
            a, b = (vectors[view][0].astype(np.float64) for vectors in pair)
            cosine = float(a @ b / np.sqrt((a @ a) * (b @ b)))
            lowest[view] = min(lowest[view], cosine)
    return lowest, compared
