"""Which dataset a new photograph is like, and when it is like none: scenes left out in turn.

    python -m benchmarks.findings.membership TABLE... --out FILE.json --plot FILE.png

Of each table, its datasets of at least 30 images are taken. The scenes are left out in ten parts,
in all datasets at once, and their images compared with the rest. Counted are: how often the
likeliest dataset is right, how far probabilities are from frequencies, and how many images of a
dataset are called "none of these", by scene, beside what the level promises and what chance adds
to it (the 99th percentile of a binomial count of scenes). Then each dataset is left out as a whole,
and its images are strangers; each dataset is taken alone, and the images of the others are
strangers; and pictures of another kind, if any are given with ``--others``, are compared with all.
How often strangers are called so is reported, not promised.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from rainmer_analysis.draw.figure.drawing import Drawing
from rainmer_analysis.draw.figure.figure_layout import axes_at, new_figure
from rainmer_analysis.draw.figure.style import INK, MUTED, PALETTE, style_context
from rainmer_analysis.recipes.place.embed_images import embed_images
from rainmer_analysis.scores.membership import DatasetMembership
from rainmer_analysis.values import EmbeddingTable, read_as, to_json_types, write_json

PARTS = 10
_LINE: dict[str, Any] = {"marker": "o", "markersize": 2.5, "linewidth": 1, "clip_on": False}
BINS = 8


def usable(table: EmbeddingTable, fewest: int) -> EmbeddingTable:
    """Return the images of datasets that are large enough."""
    counts = table.rows.counts
    names = table.rows.column("dataset")
    return table.take(np.flatnonzero([counts[name] >= fewest for name in names]))


def left_out(table: EmbeddingTable, level: float, seed: int = 42) -> dict[str, Any]:
    """Leave scenes out in parts and compare their images with the rest."""
    _, scenes = np.unique(table.rows.column("group"), return_inverse=True)
    part = (np.random.default_rng(seed).permutation(scenes.max() + 1) % PARTS)[scenes]
    names = table.rows.datasets
    probabilities = np.empty((len(table), len(names)))
    outside = np.empty(len(table), dtype=bool)
    for number in range(PARTS):
        out = part == number
        model = DatasetMembership(table.take(np.flatnonzero(~out)))
        order = [model.datasets.index(name) for name in names]
        found = model.predict(table.vectors[out], level=level)
        probabilities[out], outside[out] = found.probabilities[:, order], found.outside
    codes = table.rows.codes
    right = probabilities.argmax(axis=1) == codes
    weights = by_scene(codes, scenes)
    return {
        "images": len(table),
        "accuracy": float(
            np.mean(
                [
                    np.average(right[codes == c], weights=weights[codes == c])
                    for c in range(len(names))
                ]
            )
        ),
        "chance": 1 / len(names),
        **calibration(probabilities, codes),
        "none": {
            name: false_none(outside[codes == c], scenes[codes == c], level)
            for c, name in enumerate(names)
        },
    }


def by_scene(codes: npt.NDArray[np.int64], scenes: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Return one over the number of images of each image's scene in its dataset."""
    _, inverse, sizes = np.unique(
        np.stack([codes, scenes]), axis=1, return_inverse=True, return_counts=True
    )
    return 1.0 / sizes[inverse.ravel()]


def calibration(
    probabilities: npt.NDArray[np.float64], codes: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """Compare the probabilities of all datasets for all images with how often they come true."""
    true = np.eye(probabilities.shape[1])[codes].ravel()
    said = probabilities.ravel()
    places = np.minimum((said * BINS).astype(int), BINS - 1)
    bins = [
        {
            "said": float(said[places == b].mean()),
            "true": float(true[places == b].mean()),
            "count": int((places == b).sum()),
        }
        for b in range(BINS)
        if (places == b).any()
    ]
    gap = sum(each["count"] * abs(each["said"] - each["true"]) for each in bins) / len(said)
    own = probabilities[np.arange(len(codes)), codes]
    return {"calibration_error": gap, "log_loss": float(-np.log(own).mean()), "bins": bins}


def false_none(
    outside: npt.NDArray[np.bool_], scenes: npt.NDArray[np.int64], level: float
) -> dict[str, Any]:
    """Return the share of a dataset's scenes that are refused, and the most that chance allows."""
    _, inverse = np.unique(scenes, return_inverse=True)
    shares = np.bincount(inverse, weights=outside) / np.bincount(inverse)
    count = len(shares)
    return {
        "scenes": count,
        "rate": float(shares.mean()),
        "allowed": 1 - level,
        "allowed_with_chance": float(binom.ppf(0.99, count, 1 - level) / count),
    }


def strangers(table: EmbeddingTable, level: float) -> dict[str, float]:
    """Leave each dataset out: the share of its images that is called none of the others."""
    names = table.rows.column("dataset")
    found = {}
    for name in table.rows.datasets:
        model = DatasetMembership(table.take(np.flatnonzero(names != name)))
        found[name] = float(model.predict(table.vectors[names == name], level=level).outside.mean())
    return found


def alone(table: EmbeddingTable, level: float) -> dict[str, dict[str, float]]:
    """Take each dataset alone: the share of the images of each other one that it refuses."""
    names = table.rows.column("dataset")
    found = {}
    for name in table.rows.datasets:
        model = DatasetMembership(table.take(np.flatnonzero(names == name)))
        found[name] = {
            other: float(model.predict(table.vectors[names == other], level=level).outside.mean())
            for other in table.rows.datasets
            if other != name
        }
    return found


def others(table: EmbeddingTable, paths: list[Path], level: float) -> dict[str, bool]:
    """Compare pictures of another kind with all datasets: whether they are refused."""
    images, _ = embed_images(paths, table.space, None, "cpu", None)
    outside = DatasetMembership(table).predict(images.vectors, level=level).outside
    return {
        Path(path).name: bool(refused)
        for path, refused in zip(images.rows.column("path"), outside, strict=True)
    }


def draw(documents: dict[str, Any]) -> Drawing:
    """Draw frequencies above probabilities, a line for each table."""
    with style_context():
        figure = new_figure(3.6, 3.4)
        axes = axes_at(figure, (0.5, 0.3, 2.8, 2.6))
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle="--")
        for colour, (name, found) in zip(PALETTE, documents.items(), strict=False):
            bins = found["scenes_left_out"]["bins"]
            said, true = [each["said"] for each in bins], [each["true"] for each in bins]
            axes.plot(said, true, color=colour, label=name, **_LINE)
        axes.set(
            xlim=(0, 1),
            ylim=(0, 1),
            xlabel="probability that was said",
            ylabel="how often it was true",
        )
        axes.legend(loc="upper left", bbox_to_anchor=(0.03, 0.97), fontsize=6)
        axes.tick_params(colors=INK)
    return Drawing(figure, {"axes": axes}, {"membership": to_json_types(documents)})


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", type=Path)
    parser.add_argument("--fewest", type=int, default=30, help="images of a dataset")
    parser.add_argument("--others", nargs="*", type=Path, default=[], metavar="IMAGE")
    parser.add_argument("--level", type=float, default=0.9)
    parser.add_argument("--out", type=Path, default=Path("figures/reference/membership.json"))
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--redraw", action="store_true", help="draw what --out holds already")
    given = parser.parse_args()
    if given.redraw:
        read_again = json.loads(given.out.read_text(encoding="utf-8"))
        draw(read_again["tables"]).save(given.plot, overwrite=True)
        return
    documents = {}
    for path in given.tables:
        table = usable(read_as(path, EmbeddingTable), given.fewest)
        name = f"{path.parent.name}, {table.space.name}"
        documents[name] = {
            "scenes_left_out": left_out(table, given.level),
            "datasets_left_out": strangers(table, given.level),
            "datasets_alone": alone(table, given.level),
            "others": others(table, given.others, given.level) if given.others else {},
        }
        told = documents[name]["scenes_left_out"]
        print(
            f"{name}: {told['images']} images, accuracy {told['accuracy']:.3f} "
            f"(chance {told['chance']:.2f}), calibration error {told['calibration_error']:.3f}, "
            f"log loss {told['log_loss']:.2f}"
        )
        for dataset, none in told["none"].items():
            stranger = documents[name]["datasets_left_out"][dataset]
            print(
                f"  {dataset}: {none['rate']:.3f} of {none['scenes']} scenes refused (allowed "
                f"{none['allowed']:.2f}, with chance {none['allowed_with_chance']:.3f}); "
                f"as a stranger {stranger:.2f} refused"
            )
        for dataset, refused in documents[name]["datasets_alone"].items():
            told = ", ".join(f"{other} {share:.2f}" for other, share in refused.items())
            print(f"  {dataset} alone refuses: {told}")
        kinds = documents[name]["others"]
        if kinds:
            print(f"  of other kinds {sum(kinds.values())} of {len(kinds)} refused: {kinds}")
    write_json(
        given.out, to_json_types({"kind": "membership", "level": given.level, "tables": documents})
    )
    if given.plot:
        draw(documents).save(given.plot, overwrite=True)


if __name__ == "__main__":
    main()
