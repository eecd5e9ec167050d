"""The chromatic margin on real photographs, against untrained networks.

    python -m benchmarks.findings.real_sets MANIFEST.toml --night NAME --out FILE.json

For every encoder: the matrix of mean cosines between the manifest's datasets, the margin (lowest
score between two daytime sets minus highest score of the night set with any of them) with its 95 %
bootstrap interval over scenes, and how often the nearest image of another scene is of the same
set, each set counted alike. The control is the 95th percentile of untrained encoders. Rows that are
already in FILE.json are kept, so an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rainmer_analysis.probing.neighbour_accuracy import neighbour_hits
from rainmer_analysis.recipes.extract_tables import extract
from rainmer_analysis.scores import bootstrap, make_separation_margin_statistic, relate
from rainmer_analysis.values import EmbeddingTable, to_json_types, write_json


def row(table: EmbeddingTable, night: str) -> dict[str, Any]:
    """Return one space's matrix, margin and share of neighbours of the same set."""
    matrix = relate(table)
    margin = bootstrap(table, make_separation_margin_statistic(night))
    return {
        "weights": table.space.weights_sha256,
        "precision": table.space.precision,
        "datasets": list(matrix.datasets),
        "counts": list(matrix.counts),
        "scenes": list(matrix.groups),
        "matrix": np.round(matrix.values, 4).tolist(),
        "margin": margin.value,
        "low": margin.low,
        "high": margin.high,
        "neighbours": neighbour_hits(table).accuracy,
    }


def measure(manifest: str, night: str, encoders: list[str], out: Path) -> dict[str, Any]:
    """Fill in what is missing in `out`, encoder by encoder."""
    document: dict[str, Any] = {"kind": "real-sets", "night": night, "spaces": {}}
    if out.is_file():
        document = json.loads(out.read_text(encoding="utf-8"))
    spaces = document["spaces"]
    for encoder in encoders:
        if any(n.startswith(f"{encoder}/") and "neighbours" in spaces[n] for n in spaces):
            continue
        # untrained networks are full width: bfloat16 moves their scores by less than 0.001
        precision = "fast" if encoder.startswith("untrained") else "exact"
        tables = extract([manifest], encoder, precision=precision)
        spaces |= {table.space.name: row(table, night) for table in tables.values()}
        document["date"] = datetime.now(UTC).date().isoformat()
        write_json(out, to_json_types(document))
        print(
            encoder, {n: round(spaces[n]["margin"], 3) for n in spaces if encoder in n}, flush=True
        )
    return document


def summary(document: dict[str, Any]) -> str:
    """Lay margins and neighbours out beside the control, view by view."""
    spaces = document["spaces"]
    lines = []
    for view in sorted({name.split("/")[1] for name in spaces}):
        own = {name: space for name, space in spaces.items() if name.endswith(f"/{view}")}
        control = [space for name, space in own.items() if name.startswith("untrained")]
        for name, space in own.items():
            if not name.startswith("untrained"):
                interval = f"[{space['low']:+.3f}, {space['high']:+.3f}]"
                lines.append(
                    f"{name:26} margin {space['margin']:+.3f} {interval} "
                    f"neighbours {space['neighbours']:.3f}"
                )
        if control:
            margin, near = (
                float(np.percentile([space[number] for space in control], 95))
                for number in ("margin", "neighbours")
            )
            lines.append(
                f"untrained/{view}: 95th percentile of {len(control)} seeds: margin {margin:+.3f}, "
                f"neighbours {near:.3f}"
            )
    return "\n".join(lines)


def compare_weights(manifest: str, night: str, files: list[str], out: Path) -> None:
    """Print and keep the margins of other weights, named by the folder of their run."""
    runs: dict[str, Any] = {}
    for file in files:
        tables = extract([manifest], "rainmer", weights=file)
        name = Path(file).resolve().parent.name
        runs |= {f"{name}/{view}": row(table, night) for view, table in tables.items()}
    for name, found in runs.items():
        print(
            f"{name:26} margin {found['margin']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
        )
    write_json(out, to_json_types({"kind": "real-sets", "night": night, "spaces": runs}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifest")
    parser.add_argument("--night", default="night")
    parser.add_argument("--out", type=Path, default=Path("figures/reference/real_sets.json"))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--weights", nargs="*", help="files of Rainmer weights to compare instead")
    given = parser.parse_args()
    if given.weights:
        compare_weights(given.manifest, given.night, given.weights, given.out)
        return
    trained = ["rainmer", "airnet", "statistics"]
    encoders = [*trained, *(f"untrained:{seed}" for seed in range(given.seeds))]
    print(summary(measure(given.manifest, given.night, encoders, given.out)))


if __name__ == "__main__":
    main()
