"""Measure how much matrices change with the seed of training alone.

    python -m benchmarks.findings.training_seeds MANIFEST.toml --weights FILE... \
        --out FILE.json

Extracts the manifest's datasets with each file of weights, which should differ in nothing but the
seed, and prints per view how far the matrices' cells lie apart: mean and largest difference between
the highest and the lowest seed, the share of cells whose sign is the same for all, and for each
file the share of images whose nearest image of another scene is of their own dataset.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from rainmer_analysis.probing import neighbour_hits
from rainmer_analysis.recipes.extract_tables import extract
from rainmer_analysis.scores import relate
from rainmer_analysis.values import RelationshipMatrix, to_json_types, write_json


def compare(matrices: list[RelationshipMatrix]) -> dict[str, Any]:
    """Give the spread of cells between different datasets over the seeds."""
    cells = np.stack(
        [matrix.values[np.triu_indices(len(matrix.datasets), 1)] for matrix in matrices]
    )
    spread = cells.max(axis=0) - cells.min(axis=0)
    return {
        "datasets": matrices[0].datasets,
        "weights": [matrix.space.weights_sha256 for matrix in matrices if matrix.space],
        "matrices": [np.round(matrix.values, 4) for matrix in matrices],
        "mean spread": float(spread.mean()),
        "largest spread": float(spread.max()),
        "same sign": float((np.abs(np.sign(cells).sum(axis=0)) == len(cells)).mean()),
    }


def main() -> None:
    """Extract, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifest")
    parser.add_argument("--weights", nargs="+", required=True)
    parser.add_argument("--out", type=Path, default=Path("figures/reference/training_seeds.json"))
    given = parser.parse_args()
    tables = [extract([given.manifest], "rainmer", weights=file) for file in given.weights]
    document: dict[str, Any] = {"kind": "training-seeds", "views": {}}
    for view in tables[0]:
        found = compare([relate(table[view]) for table in tables])
        hits = [neighbour_hits(table[view]).accuracy for table in tables]
        document["views"][view] = found | {"nearest neighbour": hits}
        same = f"sign agrees in {found['same sign']:.0%}"
        print(
            f"{view:12} {len(tables)} seeds: spread of a score {found['mean spread']:.3f} on "
            f"average, {found['largest spread']:.3f} at most; {same}; nearest neighbour "
            f"{', '.join(f'{each:.3f}' for each in hits)}"
        )
    write_json(given.out, to_json_types(document))


if __name__ == "__main__":
    main()
