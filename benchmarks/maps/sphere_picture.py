"""Both layouts of one table, side by side: ``sphere_picture.py TABLE.parquet PICTURE.png``.

The picture of the documentation is of simulated datasets::

    rainmer-analysis datasets simulate --out simulated --per-dataset 100 --seed 7
    rainmer-analysis extract simulated/simulated.toml --out tables
    python -m benchmarks.maps.sphere_picture tables/rainmer-chromatic.parquet sphere.png
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

from rainmer_analysis.draw import plot_map
from rainmer_analysis.numerics import align_maps
from rainmer_analysis.sphere import project
from rainmer_analysis.values import read

TITLES = ("umap-learn, as published", "SphereUMAP (default)")


def main() -> None:
    """Draw both engines' maps of the table that is named first into the file named second."""
    table = read(sys.argv[1])
    ours, theirs = align_maps([project(table), project(table, engine="umap-learn")])
    drawing = plot_map([theirs, ours], titles=TITLES, view="mollweide")
    buffer = io.BytesIO()
    drawing.figure.savefig(buffer, format="png", dpi=200)
    # a palette keeps the file small; a map has few colours
    Image.open(buffer).convert("RGB").quantize(128).save(Path(sys.argv[2]), optimize=True)


if __name__ == "__main__":
    main()
