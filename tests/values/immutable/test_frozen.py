"""Values go through pickle, copies, joblib and processes, and cannot be changed at any depth."""

from __future__ import annotations

import copy
import dataclasses
import json
import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.values import (
    DatasetOnMap,
    EmbeddingTable,
    ImageSet,
    MapSummary,
    RelationshipMatrix,
    Rows,
    SphereMap,
    digest,
    to_json_types,
)
from rainmer_analysis.values.immutable.frozen import FrozenDict

NAMES = ("rows", "images", "table", "sphere_map", "matrix", "dataset", "summary")


@pytest.fixture
def values(
    rows: Rows, table: EmbeddingTable, sphere_map: SphereMap, matrix: RelationshipMatrix
) -> dict[str, Any]:
    frame = rows.frame.assign(region="whole", target_region=None)
    line = np.eye(3)[:2]
    dataset = DatasetOnMap("A", 2, np.array([1.0, 0, 0]), 3.0, {0.5: (line,)})
    return {
        "rows": rows,
        "images": ImageSet(Rows(frame), {"seed": 42, "sources": ["a", {"b": [1, 2]}]}),
        "table": table,
        "sphere_map": sphere_map,
        "matrix": matrix,
        "dataset": dataset,
        "summary": MapSummary((dataset,), np.zeros((1, 1)), "ab"),
    }


def content(value: Any) -> Any:
    """Everything that a value holds, for comparison."""
    if dataclasses.is_dataclass(value):
        return {each.name: content(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, pd.DataFrame):
        return value.to_csv()
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: content(each) for key, each in value.items()}
    return [content(each) for each in value] if isinstance(value, tuple) else value


def arrays(value: Any) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if dataclasses.is_dataclass(value):
        held = [getattr(value, each.name) for each in dataclasses.fields(value)]
        return [array for each in held for array in arrays(each)]
    held = list(value.values()) if isinstance(value, dict) else value
    return [a for each in held for a in arrays(each)] if isinstance(held, list | tuple) else []


def by_pickle(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def by_spawn(value: Any) -> Any:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(copy.deepcopy, (value,))


def by_joblib(value: Any) -> Any:
    (found,) = joblib.Parallel(n_jobs=2, backend="threading")([joblib.delayed(by_pickle)(value)])
    return found


def by_reduce(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value, protocol=2))


@pytest.mark.parametrize("how", [by_pickle, by_reduce, by_joblib, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("name", NAMES)
def test_values_can_be_copied_and_stay_equal_and_read_only(
    values: dict[str, Any], name: str, how: Callable[[Any], Any]
) -> None:
    found = how(values[name])
    assert type(found) is type(values[name])
    assert content(found) == content(values[name])
    for array in arrays(found):
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True


def test_values_go_to_other_processes_and_back(values: dict[str, Any]) -> None:
    assert content(by_spawn(values)) == content(values)


def test_what_is_told_about_a_value_cannot_be_changed(values: dict[str, Any]) -> None:
    table, images = values["table"], values["images"]
    for change in (
        lambda: table.made.update(seed=1),
        lambda: table.made.pop("seed"),
        lambda: table.made["encoder"].__setitem__("dim", 1),
        lambda: images.sampling["sources"][1].clear(),
        lambda: images.sampling["sources"][1].setdefault("c", 1),
    ):
        with pytest.raises(TypeError, match="immutable"):
            change()
    with pytest.raises(AttributeError):
        images.sampling["sources"][1]["b"].append(3)


def test_what_was_given_may_change_without_the_value(rows: Rows, space: Any) -> None:
    told = {"parameters": {"numbers": [1, 2]}, "array": np.zeros(2)}
    table = EmbeddingTable(np.eye(3), rows, space, told)
    told["parameters"]["numbers"].append(3)
    told["array"][0] = 5
    assert table.made["parameters"] == {"numbers": (1, 2)}
    assert table.made["array"][0] == 0


def test_cells_of_rows_cannot_be_changed() -> None:
    boxes = [[1, 2], [3]]
    labels = {"image_id": ["a/1", "a/2"], "dataset": ["a", "a"], "group": ["g", "g"]}
    rows = Rows(pd.DataFrame({**labels, "boxes": boxes}))
    boxes[0].append(9)
    assert rows.column("boxes").tolist() == [(1, 2), (3,)]
    frame = rows.frame
    frame.loc[0, "dataset"] = "b"
    assert rows.datasets == ("a",)


def test_frozen_dictionaries_are_dictionaries_for_all_else() -> None:
    told = FrozenDict({"b": [1, {"c": 2}], "a": {"x", "y"}})
    plain_twin = {"b": [1, {"c": 2}]}
    assert told["b"] == (1, {"c": 2})
    assert json.loads(json.dumps({"b": told["b"]})) == plain_twin
    assert to_json_types({"b": told["b"]}) == plain_twin
    assert digest({"b": told["b"]}) == digest(plain_twin)
    assert told | {"d": 1} == {**told, "d": 1}
    assert hash(told) == hash(by_pickle(told))
    with pytest.raises(TypeError, match="immutable"):
        told |= {"d": 1}
