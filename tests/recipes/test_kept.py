"""Results that stand as files are made once, and pictures of them repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.draw import plot_map
from rainmer_analysis.errors import OutputExistsError
from rainmer_analysis.recipes.kept import kept_map
from rainmer_analysis.recipes.relate import kept_matrix
from rainmer_analysis.values import EmbeddingTable, Rows, Space, SphereMap

SPACE = Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")
OPTIONS = {"engine": "axes", "seed": 3}


@pytest.fixture
def table() -> EmbeddingTable:
    names = [f"{name}/{index}" for name in "ab" for index in range(3)]
    frame = pd.DataFrame({"image_id": names, "dataset": list("aaabbb"), "group": names})
    made = {"encoder": {"name": "rainmer", "sha256": "ab" * 32}, "seed": 42}
    return EmbeddingTable(np.eye(6), Rows(frame), SPACE, made)


def lay_out(table: EmbeddingTable, **options: Any) -> SphereMap:
    points = np.eye(3)[np.arange(len(table)) % 3]
    return SphereMap(points, table.rows, table.space, options, {"trustworthiness": 0.5})


def refuse(table: EmbeddingTable, **options: Any) -> SphereMap:
    raise AssertionError("the map stands already")


def test_a_map_is_laid_out_once_and_its_picture_repeats(
    table: EmbeddingTable, tmp_path: Path
) -> None:
    place = tmp_path / "map.parquet"
    first = kept_map(table, place, lay_out, options=OPTIONS)
    again = kept_map(table, place, refuse, options=OPTIONS)
    assert (first.state, again.state) == ("written", "up to date")
    picture = plot_map([first.value]).save(tmp_path / "map.svg")
    assert plot_map([again.value]).standing(picture)
    with pytest.raises(OutputExistsError, match=r"map.parquet already exists"):
        kept_map(table, place, lay_out, options=OPTIONS | {"seed": 4})
    other = kept_map(table, place, lay_out, options=OPTIONS | {"seed": 4}, overwrite=True)
    assert not other.up_to_date


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_a_matrix_is_kept_once(table: EmbeddingTable, tmp_path: Path, suffix: str) -> None:
    place = tmp_path / f"m{suffix}"
    assert not kept_matrix(table, place).up_to_date
    before = place.stat().st_mtime_ns
    assert kept_matrix(table, place).up_to_date
    assert place.stat().st_mtime_ns == before
    with pytest.raises(OutputExistsError):
        kept_matrix(table, place, score="paper")
    assert not kept_matrix(table, place, score="paper", overwrite=True).up_to_date
