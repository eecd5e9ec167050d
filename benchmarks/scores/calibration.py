"""Whether tests and intervals of every score hold what they say.

::

    python -m benchmarks.scores.calibration null      # two halves of one set, called different
    python -m benchmarks.scores.calibration coverage  # intervals against the population's value

Data are drawn from `generator`: scenes of one to three images each, so that images are not
independent. ``null`` draws one set a trial, cuts its scenes into two halves at random, and tests
the halves at the 5 % level; every other trial one third of the scenes stand in both halves, with
other images. ``coverage`` draws two sets of different kinds, every other trial with a third of
their scenes in common, and looks whether the nominal 95 % interval holds the population's value: of
cosine, paper, centred, direction, energy, mmd and sliced Wasserstein that of a large sample, of the
others, which depend on the number of images by definition, the mean of the estimates themselves.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scores.generator import DIM, Kind, draw, draw_sharing, far, near
from rainmer_analysis.scores import SCORES, Context, Reference, Score
from rainmer_analysis.scores.inference import permutation_p_value
from rainmer_analysis.scores.measures import Pair, SlicedMeasure, pair_samples, sample_first_images
from rainmer_analysis.scores.score import Batch

REFERENCE = Reference("a fixed point", np.full(DIM, 0.05))
CONTEXT = Context(resamples=200, sample=10**6, reference=REFERENCE)
PERMUTATIONS = 39
LARGE = 1500
SHARED = 1 / 3


def measure_null(trials: int, scenes: int, chosen: list[str]) -> dict[str, Any]:
    """Count how often each score's test calls two halves of one set different."""
    called: dict[str, list[int]] = {name: [0, 0] for name in chosen}
    for trial in range(trials):
        generator = np.random.default_rng([trial, 1])
        shared = trial % 2
        pair = _halves(draw(near(), 2 * scenes, generator), generator, shared=bool(shared))
        for name in chosen:
            p = permutation_p_value(
                pair, _measure(SCORES[name]), permutations=PERMUTATIONS, seed=trial
            )
            called[name][shared] += p <= 0.05
        _progress(trial, trials)
    each = [trials - trials // 2, trials // 2]
    found = {
        name: {
            "trials": trials,
            "called_different": round(sum(counts) / trials, 4),
            "without_shared_scenes": round(counts[0] / each[0], 4),
            "with_shared_scenes": round(counts[1] / max(1, each[1]), 4),
        }
        for name, counts in called.items()
    }
    for name, rates in found.items():
        print(f"{name:20} {rates['called_different']:.3f}")
    return {"scenes_per_half": scenes, "scores": found}


def _measure(score: Score) -> Any:
    return replace(score.measure, mean=REFERENCE.mean) if score.name == "centred" else score.measure


def _halves(whole: Batch, generator: np.random.Generator, *, shared: bool) -> Pair:
    """Cut the scenes of a set into halves; or let a third of them give images to both."""
    keys = np.unique(whole.scenes)
    first = generator.permutation(len(keys)) < len(keys) // 2
    owner = first[np.searchsorted(keys, whole.scenes)]
    if shared:
        scene = np.searchsorted(keys, whole.scenes)
        both = (generator.random(len(keys)) < 1 / 3)[scene]
        owner = np.where(both, generator.random(len(owner)) < 0.5, owner)
    samples = [
        sample_first_images(Batch(whole.unit[own], whole.scenes[own], whole.images[own]), CONTEXT)
        for own in (owner, ~owner)
    ]
    return pair_samples(*samples)


def measure_coverage(trials: int, scenes: int, chosen: list[str]) -> dict[str, Any]:
    """Count how often each score's interval holds the population's value."""
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in chosen}
    for trial in range(trials):
        generator = np.random.default_rng([trial, 2])
        batches = draw_sharing((near(), far()), scenes, SHARED * (trial % 2), generator)
        context = replace(CONTEXT, seed=trial)
        for name in chosen:
            score = SCORES[name]
            first, second = (score.summarise(batch, context) for batch in batches)
            value = score.compare(first, second, context)
            found[name].append((value, *score.interval(first, second, context, 0.95)))
        _progress(trial, trials)
    true = population()
    told: dict[str, Any] = {}
    for name, rows in found.items():
        values, low, high = np.array(rows).T
        target = true.get(name, float(values.mean()))
        holds = (low <= target) & (target <= high)
        told[name] = {
            "trials": trials,
            "population": round(target, 6),
            "population_is": "a large sample's" if name in true else "the estimates' mean",
            "mean_estimate": round(float(values.mean()), 6),
            "standard_deviation": round(float(values.std(ddof=1)), 6),
            "mean_half_width": round(float((high - low).mean() / 2), 6),
            "coverage": round(float(holds.mean()), 4),
            "without_shared_scenes": round(float(holds[::2].mean()), 4),
            "with_shared_scenes": round(float(holds[1::2].mean()), 4),
        }
        print(f"{name:20} {told[name]}", flush=True)
    return {"scenes": scenes, "scores": told}


def population() -> dict[str, float]:
    """Take the values that do not depend on the number of images from large samples."""
    generator = np.random.default_rng(99)
    values: dict[str, list[float]] = {"energy": [], "mmd": [], "sliced-wasserstein": []}
    means = [_mean(kind, generator) for kind in (near(), far())]
    (first, lengths_a), (second, lengths_b) = means
    moved = first - REFERENCE.mean, second - REFERENCE.mean
    true = {
        "cosine": float(first @ second),
        "paper": float(first @ second),
        "centred": float(moved[0] @ moved[1] / np.sqrt(lengths_a * lengths_b)),
        "direction": float(first @ second / np.linalg.norm(first) / np.linalg.norm(second)),
    }
    for _ in range(6):
        samples = [
            sample_first_images(draw(kind, LARGE, generator, single=True), CONTEXT)
            for kind in (near(), far())
        ]
        pair = pair_samples(*samples)
        for name in ("energy", "mmd"):
            values[name].append(SCORES[name].compare(*samples, CONTEXT))
        values["sliced-wasserstein"].append(_distance(SlicedMeasure(), pair))
    return true | {name: float(np.mean(found)) for name, found in values.items()}


def _distance(measure: SlicedMeasure, pair: Pair) -> float:
    return float(measure.distances_by_labelling(measure.precompute(pair), pair.owner[None, :])[0])


def _mean(kind: Kind, generator: np.random.Generator) -> tuple[np.ndarray, float]:
    """Average a million images, each of a scene of its own."""
    rows = np.concatenate([draw(kind, 100_000, generator, single=True).unit for _ in range(10)])
    return rows.mean(axis=0), float(((rows - REFERENCE.mean) ** 2).sum(axis=1).mean())


def _progress(trial: int, trials: int) -> None:
    if (trial + 1) % 100 == 0:
        print(f"{trial + 1} of {trials} trials", file=sys.stderr, flush=True)


PROGRAMS = {"null": (measure_null, 1000, 20), "coverage": (measure_coverage, 400, 40)}


def main(arguments: Iterable[str] | None = None) -> None:
    """Run the program that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--trials", type=int)
    parser.add_argument("--scenes", type=int)
    parser.add_argument("--scores", nargs="+", choices=SCORES, default=list(SCORES))
    parser.add_argument("--out", type=Path, help="JSON to write")
    parser.add_argument("--add", action="store_true", help="keep other scores that it holds")
    options = parser.parse_args(None if arguments is None else list(arguments))
    run, trials, scenes = PROGRAMS[options.program]
    start = time.process_time()
    found = run(options.trials or trials, options.scenes or scenes, options.scores)
    document = {"program": options.program, "found": found}
    document["processor_s"] = round(time.process_time() - start, 1)
    print(f"{document['processor_s']} s of processor time")
    if options.out:
        if options.add and options.out.exists():
            # some scores take longer than others, and may be measured by fewer trials
            before = json.loads(options.out.read_text(encoding="utf-8"))
            document["found"]["scores"] = before["found"]["scores"] | found["scores"]
            document["processor_s"] += before["processor_s"]
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
