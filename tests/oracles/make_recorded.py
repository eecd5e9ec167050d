"""Record what the plain code gives, and umap-learn's angles.

Run as ``python -m tests.oracles.make_recorded`` from the top of a checkout. The numbers stand in
``recorded.npz``; tests hold the plain code against them too, so that neither moves unseen.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np

from tests.oracles import build, plain, protocol

RECORDED = Path(__file__).with_name("recorded.npz")


def umap_angles(vectors: np.ndarray) -> np.ndarray:
    """Lay vectors out as published, by umap-learn.

    Neighbours by the arc cosine are given to it, as searching them under a metric of one's own is
    compiled anew in every process.
    """
    rows = vectors.astype(float)
    angles = np.arccos(np.clip(rows @ rows.T, -1, 1))
    np.fill_diagonal(angles, 0)
    near = np.argsort(angles, axis=1, kind="stable")[:, :50]
    distances = np.take_along_axis(angles, near, axis=1)
    umap = importlib.import_module("umap")  # wanted here alone, and slow to import
    model = umap.UMAP(
        n_neighbors=50,
        output_metric="haversine",
        min_dist=0.0,
        random_state=42,
        precomputed_knn=(near.astype("i4"), distances.astype("f4")),
    )
    return np.asarray(model.fit_transform(vectors), dtype="f4")


def replayed() -> dict[str, np.ndarray]:
    """A pass of a restorer, with the indices that were chosen in order."""
    w, given = build.restorer_weights("Rainmer_SA_detgalpha"), build.replay_images()
    chosen: list[np.ndarray] = []

    def choose(attention, k):  # type: ignore[no-untyped-def]
        found = plain.lowest(attention, k)
        chosen.append(found.numpy().astype("i2"))
        return found

    out = plain.restorer(build.doubles(w), given["x"].double(), given["q"].double(), choose)
    indices = {f"topk{n:03d}": each for n, each in enumerate(chosen)}
    return {
        "replay_out": out.numpy().astype("f4"),
        **{f"replay_{k}": v for k, v in indices.items()},
    }


def main() -> None:
    """Write the file."""
    found = {"angles": umap_angles(protocol.clusters()), **replayed()}
    for name, values in build.vectors().items():
        found[name] = values.astype("f4")
    np.savez_compressed(RECORDED, **found)


if __name__ == "__main__":
    main()
