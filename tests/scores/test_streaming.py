"""Scores from sums: laws, brute force, and scenes that come in pieces."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import hash_scene_names, poisson_weights, unit_rows
from rainmer_analysis.scores import SCORES, Context, Reference, dataset_summaries, relate
from rainmer_analysis.scores.score import Batch
from rainmer_analysis.scores.streaming import SceneSums, sum_scenes
from rainmer_analysis.values import EmbeddingTable, TableStream, write

Make = Callable[..., EmbeddingTable]
STREAMING = [name for name, score in SCORES.items() if score.is_streaming]


def pieces(make: Make, *, count: int = 60) -> EmbeddingTable:
    """Two sets whose scenes of three images are scattered over the rows; some stand in both."""
    generator = np.random.default_rng(8)
    names = ["a" if number % 2 else "b" for number in range(count * 3)]
    groups = [f"s{number % count}" for number in range(count * 3)]
    vectors = generator.normal(size=(count * 3, 10)) + 1.2 * np.eye(10)[0]
    return make(vectors, names, groups)


def brute(table: EmbeddingTable, name: str, other: str, *, scenes: bool) -> float:
    """The mean cosine of pairs of different images, or of different scenes."""
    unit, rows = unit_rows(table.vectors), table.rows
    first, second = (np.flatnonzero(rows.column("dataset") == each) for each in (name, other))
    groups = rows.column("group")
    cosines = unit[first] @ unit[second].T
    apart = (
        groups[first][:, None] != groups[second][None, :]
        if scenes
        else first[:, None] != second[None, :]
    )
    return float(cosines[apart].mean())


def test_ceilings_are_of_different_scenes_and_the_diagonal_of_different_images(make: Make) -> None:
    table = pieces(make)
    found = relate(table, resamples=10)
    assert found.ceilings is not None
    for row, name in enumerate(found.datasets):
        assert found.values[row, row] == pytest.approx(brute(table, name, name, scenes=False))
        assert found.ceilings[row, 0] == pytest.approx(brute(table, name, name, scenes=True))


def test_centred_is_brute_force_from_its_reference(make: Make) -> None:
    table = pieces(make)
    mean = np.linspace(0, 0.2, 10)
    found = relate(table, score="centred", reference=Reference("x", mean))
    moved, rows = unit_rows(table.vectors) - mean, table.rows
    lengths = np.einsum("nd,nd->n", moved, moved)
    groups = rows.column("group")
    for a, one in enumerate(found.datasets):
        for b, other in enumerate(found.datasets):
            first, second = (np.flatnonzero(rows.column("dataset") == n) for n in (one, other))
            apart = np.ones((len(first), len(second)), dtype=bool)
            if a == b:
                apart = groups[first][:, None] != groups[second][None, :]
            products = (moved[first] @ moved[second].T)[apart].mean()
            scale = np.sqrt(lengths[first].mean() * lengths[second].mean())
            assert found.values[a, b] == pytest.approx(products / scale, abs=1e-12)


def test_direction_is_the_cosine_freed_of_its_ceilings(make: Make) -> None:
    table = pieces(make)
    found = relate(table, score="direction")
    ceilings = [brute(table, name, name, scenes=True) for name in "ab"]
    cosine = relate(table).to_frame().loc["a", "b"]
    assert found.to_frame().loc["a", "b"] == pytest.approx(cosine / np.sqrt(np.prod(ceilings)))


def test_direction_finds_the_angle_between_mean_directions(make: Make) -> None:
    generator = np.random.default_rng(9)
    turned = np.array([0.5, np.sqrt(0.75), 0, 0])
    rows = 0.4 * generator.normal(size=(4000, 4))
    rows[:2000] += np.eye(4)[0]
    rows[2000:] += turned
    table = make(rows, ["a"] * 2000 + ["b"] * 2000)
    assert relate(table, score="direction").values[0, 1] == pytest.approx(0.5, abs=0.02)


def test_direction_is_refused_without_a_clear_ceiling(make: Make) -> None:
    generator = np.random.default_rng(10)
    rows = generator.normal(size=(120, 30))
    rows[:80] += 2 * np.eye(30)[0]
    table = make(rows, ["a"] * 40 + ["b"] * 40 + ["aimless"] * 40)
    found = relate(table, score="direction")
    assert (
        "aimless has no clear mean direction: its halves" in found.parameters["left_out"]["aimless"]
    )
    assert np.isnan(found.values[2]).all()
    assert found.values[0, 1] > 0.9
    with pytest.raises(ParameterError, match="fewer than two datasets are left: aimless has no"):
        relate(table.take(range(40, 120)), score="direction")


@pytest.mark.parametrize("score", STREAMING)
def test_scenes_in_pieces_and_batches_of_any_size_give_the_same(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, score: str
) -> None:
    table = pieces(make)
    expected = relate(table, score=score, resamples=20)
    write(table, tmp_path / "t.parquet")
    stream = TableStream(tmp_path / "t.parquet")
    original = stream.batches
    for size in (7, 64):
        monkeypatch.setattr(stream, "batches", lambda size=size: original(size))
        found = relate(stream, score=score, resamples=20)
        assert found.counts == expected.counts
        assert found.groups == expected.groups
        for name in ("values", "low", "high", "ceilings"):
            assert np.abs(getattr(found, name) - getattr(expected, name)).max() < 1e-9, name


def test_every_call_sees_scenes_whole(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pieces(make)
    monkeypatch.setattr(
        EmbeddingTable,
        "batches",
        lambda self: (self.take(range(i, i + 9)) for i in range(0, 180, 9)),
    )
    seen: dict[int, int] = {}

    def summarise(batch: Batch, context: Context) -> int:
        for key, count in zip(*np.unique(batch.scenes, return_counts=True), strict=True):
            assert int(key) not in seen or seen[int(key)] != -1
            seen[int(key)] = seen.get(int(key), 0) + int(count)
        return len(batch.unit)

    summariser = dataset_summaries.Summariser(summarise, lambda a, b, _: a + b)
    found = dataset_summaries.summaries_by_dataset(
        table, {"n": summariser}, Context(), keep_scenes_whole=True, with_sampling_order=False
    )
    assert sum(each.summaries["n"] for each in found.values()) == 180
    assert set(seen.values()) == {3}


def test_mirrored_sums_are_those_of_two_less_the_weights() -> None:
    generator = np.random.default_rng(11)
    scenes = hash_scene_names(f"s{number // 2}" for number in range(60))
    unit = unit_rows(generator.normal(size=(60, 5)))
    context = Context(resamples=6, seed=3)
    found = sum_scenes(Batch(unit, scenes, scenes), context).at_mirrored_weights()
    keys, scene = np.unique(scenes, return_inverse=True)
    weights = 2 - poisson_weights(keys, resamples=6, seed=3)
    totals = np.zeros((30, 5))
    np.add.at(totals, scene, unit)
    lengths = (totals**2).sum(axis=1)
    assert np.abs(found.total[1:] - weights.T @ totals).max() < 1e-12
    assert np.abs(found.images[1:] - weights.T @ np.full(30, 2)).max() < 1e-12
    assert np.abs(found.squares[1:] - (weights**2).T @ lengths).max() < 1e-12
    assert np.abs(found.copies[1:] - weights.T @ lengths).max() < 1e-12
    assert np.abs(found.square_images[1:] - (weights**2).T @ np.full(30, 4.0)).max() < 1e-12
    assert np.abs(found.moments - 2 * totals.sum(axis=0)).max() < 1e-12
    for field in dataclasses.fields(SceneSums)[2:]:
        whole = sum_scenes(Batch(unit, scenes, scenes), context)
        same = getattr(found, field.name)[0] - getattr(whole, field.name)[0]
        assert np.abs(same).max() < 1e-12


def test_shared_scenes_move_both_sets_alike(make: Make) -> None:
    # b is a copy of a: what they score with c can only move together
    generator = np.random.default_rng(12)
    rows, other = generator.normal(size=(30, 6)) + 0.6, generator.normal(size=(20, 6)) + 0.6
    scenes = [f"s{i}" for i in range(30)]
    names = ["a"] * 30 + ["b"] * 30 + ["c"] * 20
    vectors = np.concatenate([rows, rows, other])
    shared = make(vectors, names, scenes + scenes + [f"c{i}" for i in range(20)])
    table = relate(shared, resamples=50)
    assert table.low is not None
    assert table.low[0, 2] == pytest.approx(table.low[1, 2], abs=1e-12)


def test_what_cannot_be_asked_for(clouds: EmbeddingTable) -> None:
    with pytest.raises(ParameterError, match="-1 resamples, 0 permutations and samples of 500"):
        relate(clouds, resamples=-1)
    with pytest.raises(ParameterError, match="samples of 1 images were asked for"):
        relate(clouds, sample=1)
    with pytest.raises(ParameterError, match="the level is 95; give a share"):
        relate(clouds, resamples=5, level=95)
    with pytest.raises(ParameterError, match="as many dimensions as the vectors"):
        relate(clouds, score="centred", reference=Reference("x", np.zeros(3)))
