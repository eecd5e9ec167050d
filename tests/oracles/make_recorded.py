"""Record what the plain code gives, and umap-learn's angles.

Run as ``python -m tests.oracles.make_recorded`` from the top of a checkout. The numbers stand in
``recorded.npz``; tests hold the plain code against them too, so that neither moves unseen.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.oracles import build, plain, protocol

RECORDED = Path(__file__).with_name("recorded.npz")


def umap_angles(vectors: np.ndarray) -> np.ndarray:
    """Lay vectors out by the published call of umap-learn."""
    import numba
    import umap

    @numba.njit(fastmath=True)
    def angle(a, b):  # type: ignore[no-untyped-def]
        return np.arccos(min(max(np.dot(a, b), -1.0), 1.0))

    model = umap.UMAP(
        n_neighbors=50, metric=angle, output_metric="haversine", min_dist=0.0, random_state=42
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
