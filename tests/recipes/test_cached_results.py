"""Results that stand as files are made once, and pictures of them repeat."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.draw import plot_map
from rainmer_analysis.errors import OutputExistsError
from rainmer_analysis.infer.extraction.output_folder import table_request_digest
from rainmer_analysis.recipes.cached_results import cached_map
from rainmer_analysis.recipes.relate_tables import relate_and_write_matrix
from rainmer_analysis.values import EmbeddingTable, Rows, Space, SphereMap
from rainmer_analysis.values.request_digest import ALGORITHMS

SPACE = Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")
OPTIONS = {"engine": "sphere", "seed": 3}


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
    first = cached_map(table, place, lay_out, options=OPTIONS)
    again = cached_map(table, place, refuse, options=OPTIONS)
    assert (first.state, again.state) == ("written", "up to date")
    picture = plot_map([first.value]).save(tmp_path / "map.svg")
    assert plot_map([again.value]).up_to_date_or_refuse(picture)
    with pytest.raises(OutputExistsError, match=r"map.parquet already exists"):
        cached_map(table, place, lay_out, options=OPTIONS | {"seed": 4})
    other = cached_map(table, place, lay_out, options=OPTIONS | {"seed": 4}, overwrite=True)
    assert not other.up_to_date


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_a_matrix_is_kept_once(table: EmbeddingTable, tmp_path: Path, suffix: str) -> None:
    place = tmp_path / f"m{suffix}"
    assert not relate_and_write_matrix(table, place).up_to_date
    before = place.stat().st_mtime_ns
    assert relate_and_write_matrix(table, place).up_to_date
    assert place.stat().st_mtime_ns == before
    with pytest.raises(OutputExistsError):
        relate_and_write_matrix(table, place, score="paper")
    assert not relate_and_write_matrix(table, place, score="paper", overwrite=True).up_to_date


@pytest.mark.parametrize("algorithm", ["project/sphere", "project/umap-learn", "relate"])
def test_results_of_another_version_are_not_up_to_date(
    table: EmbeddingTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    map_place, matrix_place = tmp_path / "map.parquet", tmp_path / "m.json"
    options = OPTIONS | {"engine": "sphere" if algorithm == "relate" else algorithm[8:]}
    cached_map(table, map_place, lay_out, options=options)
    relate_and_write_matrix(table, matrix_place)
    monkeypatch.setitem(ALGORITHMS, algorithm, 2)
    if algorithm == "relate":
        with pytest.raises(OutputExistsError, match=r"m.json already exists"):
            relate_and_write_matrix(table, matrix_place)
    else:
        with pytest.raises(OutputExistsError, match=r"overwrite=True in Python"):
            cached_map(table, map_place, refuse, options=options)
        assert relate_and_write_matrix(table, matrix_place).up_to_date
        new = cached_map(table, map_place, lay_out, options=options, overwrite=True)
        assert not new.up_to_date
        assert cached_map(table, map_place, refuse, options=options).up_to_date


def test_requests_of_extractions_carry_the_version(
    table: EmbeddingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = table.rows.frame.assign(split=None, region="whole")
    rows, contents = Rows(frame), ["aa"] * len(table)
    statistics = dataclasses.replace(SPACE, encoder="statistics")
    before = [table_request_digest(space, rows, contents) for space in (SPACE, statistics)]
    monkeypatch.setitem(ALGORITHMS, "statistics", 2)
    after = [table_request_digest(space, rows, contents) for space in (SPACE, statistics)]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)
    monkeypatch.setitem(ALGORITHMS, "extract", 2)
    assert table_request_digest(SPACE, rows, contents) != before[0]
