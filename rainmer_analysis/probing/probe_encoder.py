"""Any callable that encodes images to what its views know."""

from __future__ import annotations

from rainmer_analysis.probing.design_images import DesignImages, Encode, Progress, encode_design
from rainmer_analysis.probing.space_measures import SpaceProbe, measure_space

__all__ = ["probe_encoder"]


def probe_encoder(
    encode: Encode,
    images: DesignImages,
    *,
    batch: int = 64,
    resamples: int = 1000,
    progress: Progress | None = None,
) -> dict[str, SpaceProbe]:
    """Measure what each view of an encoder knows.

    Parameters
    ----------
    encode
        float32 images [n, 3, H, W] in [0, 1] to vectors [n, d] of each view: the method of a
        loaded encoder, or a network in training wrapped as such.
    images
        From `open_design`.
    batch
        Images per call of `encode`.
    resamples
        Bootstrap resamples of scenes for the intervals.
    progress
        Called with encoded images and their number.

    Returns
    -------
    One `SpaceProbe` per view.

    Examples
    --------
    >>> images = open_design(Design("train"), "probe-cache")  # doctest: +SKIP
    >>> probe_encoder(ra.load_encoder("statistics").encode, images)  # doctest: +SKIP
    """
    vectors = encode_design(encode, images, batch=batch, progress=progress)
    design = images.design
    return {
        view: measure_space(rows, design, resamples=resamples) for view, rows in vectors.items()
    }
