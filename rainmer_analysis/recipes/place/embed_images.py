"""New images in the space of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from rainmer_analysis.errors import WeightsError
from rainmer_analysis.infer import SHIPPED, Encoder, extract, load_encoder
from rainmer_analysis.values import EmbeddingTable, ImageSet, Rows, Space, common_space

__all__ = ["embed_images"]


def embed_images(
    paths: Sequence[str | Path],
    space: Space,
    weights: str | Path | None,
    device: str,
    progress: Callable[[int, int], None] | None,
) -> tuple[EmbeddingTable, list[tuple[str, str]]]:
    """Embed files with the encoder that a table was made with.

    Returns a table of the images that can be read, each a scene of its own, and the path and reason
    of each that cannot.

    Raises
    ------
    SourceError
        No image can be used.
    WeightsError
        The table's weights are neither shipped nor given.
    """
    texts = list(dict.fromkeys(str(path) for path in paths))
    columns = {
        "image_id": texts,
        "dataset": "new",
        "group": texts,
        "split": None,
        "path": texts,
        "region": "whole",
        "target": None,
        "target_region": None,
    }
    images = ImageSet(Rows(pd.DataFrame(columns, dtype=object)))
    encoder = _load_encoder_of_space(space, weights, device)
    done = extract(images, encoder, resize_rule=space.preprocessing, progress=progress)
    found = done[space.view]
    common_space({"the table": space, "the images": found.space})
    return found, list(zip(done.skipped["path"], done.skipped["reason"], strict=True))


def _load_encoder_of_space(space: Space, weights: str | Path | None, device: str) -> Encoder:
    """Load the encoder that the table was made with."""
    trained = space.encoder in ("rainmer", "airnet")
    names = [weights] if weights is not None or not trained else list(SHIPPED)
    for name in names:
        encoder = load_encoder(space.encoder, name, device=device, precision=space.precision)
        if encoder.sha256 == space.weights_sha256:
            return encoder
    raise WeightsError(
        f"the table was made with weights of SHA-256 {space.weights_sha256[:16]}..., which are not "
        f"{'those given' if weights is not None else 'shipped'}; name their file with --weights"
    )
