"""Sketches: the same matrices without images, and what they give away."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from rainmer_analysis.errors import FileFormatError, ParameterError, SpaceError
from rainmer_analysis.numerics import hash_scene_names, poisson_weights
from rainmer_analysis.scores import (
    SCORES,
    Reference,
    Sketch,
    read_sketch,
    read_sketch_request_digest,
    relate,
    sketch,
    write_sketch,
)
from rainmer_analysis.values import EmbeddingTable

Make = Callable[..., EmbeddingTable]
STREAMING = [name for name, score in SCORES.items() if score.is_streaming]
RESAMPLES = 30


def three(make: Make, *, scenes: int = 60, width: int = 16) -> EmbeddingTable:
    """Three datasets, scenes of one or two images; a and b share a third of their scenes."""
    generator = np.random.default_rng(2)
    rows, names, groups = [], [], []
    for number, name in enumerate("abc"):
        centre = np.eye(width)[0] + 0.4 * np.eye(width)[number]
        for scene in range(scenes):
            shared = number < 2 and scene % 3 == 0
            for _ in range(1 + scene % 2):
                rows.append(centre + 0.25 * generator.normal(size=width))
                names.append(name)
                groups.append(f"s{scene}" if shared else f"{name}{scene}")
    return make(np.array(rows), names, groups)


def stored(value: Sketch, path: Path) -> Sketch:
    write_sketch(value, path, "request")
    return read_sketch(path)


def of(table: EmbeddingTable, *names: str) -> EmbeddingTable:
    return table.take(np.flatnonzero(np.isin(table.rows.column("dataset").astype(str), names)))


@pytest.mark.parametrize("score", STREAMING)
def test_matrices_of_sketches_equal_those_of_tables(make: Make, tmp_path: Path, score: str) -> None:
    table = three(make)
    resamples = RESAMPLES
    expected = relate(table, score=score, resamples=resamples)
    # each lab sketches its own sets
    parts = [
        stored(sketch(of(table, *names), resamples=resamples), tmp_path / f"{number}.sketch")
        for number, names in enumerate((("a",), ("b", "c")))
    ]
    found = relate(parts, score=score, resamples=resamples)
    assert (found.datasets, found.counts, found.groups) == (
        expected.datasets,
        expected.counts,
        expected.groups,
    )
    for name in ("values", "low", "high", "ceilings"):
        assert np.abs(getattr(found, name) - getattr(expected, name)).max() < 1e-6, name


@pytest.mark.parametrize("score", STREAMING)
def test_values_alone_need_no_resamples(make: Make, score: str) -> None:
    table = three(make)
    one = sketch(table, seed=7)
    found, expected = relate(one, score=score), relate(table, score=score)
    assert np.abs(found.values - expected.values).max() < 1e-12
    assert found.low is None


def test_files_take_about_100_kb_a_dataset(make: Make, tmp_path: Path) -> None:
    table = three(make, scenes=390, width=128)
    path = tmp_path / "x.sketch"
    write_sketch(sketch(table), path, None)
    assert sketch(table).resample_count == 192
    assert 80_000 < path.stat().st_size / 3 < 115_000


def test_scenes_of_very_different_sizes_lose_nothing(make: Make, tmp_path: Path) -> None:
    # five scenes of 120 images beside 35 of two: their moments are a thousand times the others'
    generator = np.random.default_rng(14)
    sizes = [120] * 5 + [2] * 35
    groups = [f"{name}{i}" for name in "ab" for i, size in enumerate(sizes) for _ in range(size)]
    centre = 0.6 * generator.normal(size=24)
    table = make(centre + generator.normal(size=(len(groups), 24)), [g[0] for g in groups], groups)
    kept = stored(sketch(table), tmp_path / "x.sketch")
    options = {"score": "centred", "reference": Reference("far", np.full(24, -0.1))}
    found, expected = (relate(each, resamples=20, **options) for each in (kept, table))
    for name in ("values", "low", "high", "ceilings"):
        # so uneven that a bound may be missing, in both
        one, other = getattr(found, name), getattr(expected, name)
        assert np.allclose(one, other, rtol=0, atol=1e-6, equal_nan=True), name
    assert np.isfinite(found.low[0, 1])


def test_files_repeat_to_the_byte_and_keep_their_request(make: Make, tmp_path: Path) -> None:
    table = three(make)
    paths = [tmp_path / name for name in ("one", "two")]
    for path in paths:
        write_sketch(sketch(table), path, "r1")
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert read_sketch_request_digest(paths[0]) == "r1"
    assert read_sketch(paths[0]).made["table"] == table.content_sha256
    assert read_sketch_request_digest(tmp_path) is None


def test_no_row_is_an_images_vector(make: Make, tmp_path: Path) -> None:
    table = three(make)
    path = tmp_path / "x.sketch"
    write_sketch(sketch(table), path, None)
    for key, rows in load_file(path).items():
        if rows.ndim != 2 or rows.shape[1] != table.dim:
            continue
        unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        assert (unit @ table.vectors.T).max() < 0.99, key
    assert not any(name in path.read_bytes().decode("latin-1") for name in ("s3", ".png"))


@pytest.mark.parametrize(("resamples", "scenes"), [(15, 60), (30, 60), (70, 60)])
def test_what_known_names_give_away(make: Make, resamples: int, scenes: int) -> None:
    # whoever knows the scenes' names knows their weights, and solves for their sums
    table = of(three(make, scenes=scenes), "c")
    sums = sketch(table, resamples=resamples).datasets["c"]
    names = np.unique(table.rows.column("group").astype(str))
    weights = poisson_weights(hash_scene_names(names), resamples=resamples, seed=42)
    equations = np.concatenate([np.ones((1, len(names))), weights.T])
    totals = np.stack([table.vectors[table.rows.column("group") == n].sum(axis=0) for n in names])
    sizes = np.array([(table.rows.column("group") == name).sum() for name in names])
    given = np.concatenate([equations, sizes[None]])
    # all that a sketch holds of vectors: a further array would be further equations
    wide = [f.name for f in dataclasses.fields(sums)[2:] if getattr(sums, f.name).ndim == 2]
    assert wide == ["total", "moments"]
    assert len(sums.moments) == 1
    mean = sums.total[0] / sums.images[0]
    # beyond what the mean says of every image
    known = np.concatenate([sums.total, sums.moments]) - np.outer(given @ sizes, mean)
    solved = np.linalg.lstsq(given, known, rcond=None)[0]
    apart = totals - np.outer(sizes, mean)
    share = 1 - ((solved - apart) ** 2).sum() / (apart**2).sum()
    expected = min(1.0, (resamples + 2) / scenes)
    assert share == pytest.approx(expected, abs=0.12)
    assert (share > 0.999) == (resamples >= scenes)
    # and for the lengths of the sums, of which there are two equations a resample
    twice = np.concatenate([equations, equations**2])
    rest = np.concatenate([sums.copies, sums.squares])
    lengths = np.linalg.lstsq(twice, rest, rcond=None)[0]
    worst = np.abs(lengths - (totals**2).sum(axis=1)).max()
    assert (worst < 1e-6) == (2 * resamples >= scenes)


def test_default_keeps_to_half_as_many_resamples_as_scenes(make: Make) -> None:
    assert sketch(three(make)).resample_count == 30
    assert sketch(three(make, scenes=20)).resample_count == 10


def test_too_few_scenes_are_refused(make: Make) -> None:
    with pytest.raises(ParameterError, match=r"a has 8 scene\(s\), whose sum would give images"):
        sketch(three(make, scenes=8))
    with pytest.raises(ParameterError, match="0 resamples were asked for"):
        sketch(three(make), resamples=0)
    with pytest.raises(ParameterError, match="holds no image"):
        sketch(three(make).take(np.array([], dtype=int)))


def test_mixed_spaces_are_refused(make: Make) -> None:
    table = three(make)
    other = dataclasses.replace(table.space, weights_sha256="1" * 64)
    moved = EmbeddingTable(table.vectors, table.rows, other)
    with pytest.raises(SpaceError, match="lie in different spaces: their weights_sha256"):
        relate([sketch(of(table, "a")), sketch(of(moved, "b"))])


def test_what_a_sketch_cannot_answer_is_refused(make: Make) -> None:
    one = sketch(three(make))
    with pytest.raises(ParameterError, match="energy needs images' vectors, and sketches hold"):
        relate(one, score="energy")
    with pytest.raises(ParameterError, match="permutations need images' vectors"):
        relate(one, null=10)
    with pytest.raises(ParameterError, match="a sketch holds 30 of seed 42; ask for these"):
        relate(one, resamples=31)
    with pytest.raises(ParameterError, match="10 resamples of seed 7 were asked for"):
        relate(one, resamples=10, seed=7)
    with pytest.raises(ParameterError, match="the dataset 'a' stands in two sketches"):
        relate([one, one])


def of_metadata(document: object) -> bytes:
    told = {} if document is None else {"rainmer_analysis": json.dumps(document)}
    return bytes(save({"x": np.zeros(2)}, metadata=told))


@pytest.mark.parametrize("kept", [50, 0, -20])
def test_cut_files(make: Make, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "x.sketch"
    write_sketch(sketch(three(make)), path, None)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FileFormatError, match=r"x\.sketch"):
        read_sketch(path)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [1],
        {"kind": "matrix"},
        {"kind": "sketch"},
        {"kind": "sketch", "version": 99},
        {"kind": "sketch", "version": 1},
        {"kind": "sketch", "version": 1, "datasets": []},
        {"kind": "sketch", "version": 1, "datasets": [{"name": "a"}], "space": {}, "seed": 1},
    ],
)
def test_hostile_files(tmp_path: Path, document: object) -> None:
    path = tmp_path / "x.sketch"
    path.write_bytes(of_metadata(document))
    with pytest.raises(FileFormatError, match=r"x\.sketch"):
        read_sketch(path)


def test_values_that_are_not_finite_are_refused(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "x.sketch"
    made = sketch(three(make))
    sums = dict(made.datasets)
    sums["a"] = dataclasses.replace(sums["a"], images=sums["a"].images * np.nan)
    write_sketch(dataclasses.replace(made, datasets=sums), path, None)
    with pytest.raises(FileFormatError, match="contradicts itself"):
        read_sketch(path)
