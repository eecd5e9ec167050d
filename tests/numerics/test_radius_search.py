"""The radius search against all cosines."""

from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.numerics import RadiusSearch, unit_rows


def points(count: int, seed: int = 0) -> np.ndarray:
    centres = np.random.default_rng(99).standard_normal((40, 12))
    generator = np.random.default_rng(seed)
    rows = centres[generator.integers(40, size=count)]
    return unit_rows(rows + 0.7 * generator.standard_normal((count, 12))).astype(np.float32)


def matches(found: object) -> set[tuple[int, int]]:
    return set(zip(found.queries.tolist(), found.points.tolist(), strict=True))  # type: ignore[attr-defined]


def test_few_points_are_searched_exactly() -> None:
    known, asked = points(700), points(2500, seed=5)
    found = RadiusSearch(known).within(asked, 0.8)
    cosines = asked @ known.T
    assert matches(found) == set(
        zip(*map(np.ndarray.tolist, np.nonzero(cosines >= 0.8)), strict=True)
    )
    assert np.allclose(found.cosines, cosines[found.queries, found.points])
    assert (np.lexsort((found.points, found.queries)) == np.arange(len(found.queries))).all()


def test_many_points_lose_few_matches_and_invent_none() -> None:
    known, asked = points(20_000), points(200, seed=5)
    found = matches(RadiusSearch(known).within(asked, 0.9))
    truth = set(zip(*map(np.ndarray.tolist, np.nonzero(asked @ known.T >= 0.9)), strict=True))
    assert found <= truth
    assert len(found) >= 0.97 * len(truth)
    assert len(truth) > 100


def test_answers_do_not_depend_on_how_queries_are_cut() -> None:
    known, asked = points(17_000), points(40, seed=5)
    index = RadiusSearch(known)
    whole = index.within(asked, 0.85)
    parts = [matches(index.within(asked[at : at + 1], 0.85)) for at in range(40)]
    assert matches(whole) == {(at, which) for at, part in enumerate(parts) for _, which in part}


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_is_found_among_nothing(count: int) -> None:
    index = RadiusSearch(np.zeros((count, 12), np.float32))
    assert len(index.within(points(3), 0.5).queries) == 0
