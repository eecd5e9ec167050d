"""Whether new images fall within their calibrated radius: ``sphere_placing.py TABLE.parquet...``.

In each draw a twentieth of a table's scenes is held out; a map of the rest is made, calibrated and
asked to place them, and a joint layout of all images, under another seed and turned onto the map,
says where they belong. A line for each table and one for all of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import machine, write
from rainmer_analysis.numerics import angle_between, unit_rows
from rainmer_analysis.numerics.procrustes import procrustes_rotation
from rainmer_analysis.sphere import SphereUMAP
from rainmer_analysis.values import EmbeddingTable, read

LEVEL = 0.9


def held_out(table: EmbeddingTable, draw: int) -> tuple[Any, Any, Any]:
    """Give which rows one draw holds out, whether each lay within its radius, and the radii."""
    rows, scenes = unit_rows(table.vectors), table.rows.column("group")
    names = np.unique(scenes)
    chosen = np.random.default_rng(draw).permutation(names)[: max(1, len(names) // 20)]
    out = np.isin(scenes, chosen)
    joint = SphereUMAP(random_state=1000 + draw).fit_transform(rows)
    model = SphereUMAP(random_state=draw).fit(rows[~out]).calibrate(scenes[~out])
    points, radius = model.transform(rows[out], level=LEVEL)
    turn = procrustes_rotation(model.embedding_, joint[~out])
    return out, angle_between(points @ turn, joint[out]) <= radius, np.degrees(radius)


def measure(table: EmbeddingTable, draws: int) -> dict[str, Any]:
    """Give coverage over all draws, by draw and by dataset, and how far chance alone varies it."""
    found = [held_out(table, draw) for draw in range(draws)]
    inside, radii = (np.concatenate([each[place] for each in found]) for place in (1, 2))
    codes = np.concatenate([table.rows.codes[each[0]] for each in found])
    shares = [float(each[1].mean()) for each in found]
    alone = [LEVEL * (1 - LEVEL) / len(each[1]) for each in found]
    return {
        "coverage": round(float(inside.mean()), 4),
        "coverage_by_dataset": {
            name: [round(float(inside[codes == code].mean()), 4), int((codes == code).sum())]
            for code, name in enumerate(table.rows.datasets)
            if (codes == code).any()
        },
        "coverage_by_draw": [round(share, 4) for share in shares],
        "deviation_between_draws": round(float(np.std(shares)), 4),
        "deviation_if_images_were_independent": round(float(np.sqrt(np.mean(alone))), 4),
        "median_radius_degrees": round(float(np.median(radii)), 1),
        "images": len(inside),
        "scenes": len(np.unique(table.rows.column("group"))),
    }


def main() -> None:
    """Measure every table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+")
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--out", type=Path, help="JSON to write")
    arguments = parser.parse_args()
    made = {}
    for path in map(Path, arguments.tables):
        name = f"{path.parent.name}/{path.name}"
        made[name] = measure(read(path), arguments.draws)
        told = {key: value for key, value in made[name].items() if key != "coverage_by_draw"}
        print(f"{name}: {told}", flush=True)
        if arguments.out:
            document = {"program": "placing", "draws": arguments.draws, "found": made}
            write(arguments.out, document | {"machine": machine()})
    counts = [each["images"] for each in made.values()]
    mean = np.average([each["coverage"] for each in made.values()], weights=counts)
    print(f"all: {mean:.4f} of {sum(counts)} images lay within their {LEVEL:.0%} radius")


if __name__ == "__main__":
    main()
