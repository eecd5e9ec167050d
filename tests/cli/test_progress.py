"""Every long part of a command says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.cli import train_command
from rainmer_analysis.cli.main import main
from rainmer_analysis.cli.options import CommonOptions
from rainmer_analysis.cli.terminal import progress
from rainmer_analysis.values import EmbeddingTable, Rows, Space, write

Reports = list[tuple[int, int, str]]


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Reports:
    """Return what the next commands report: finished, total and unit."""
    told: Reports = []

    class Recorder(progress.ProgressLines):
        def __call__(self, finished: int, total: int, unit: str = "") -> None:
            told.append((finished, total, unit or self._unit))

    monkeypatch.setattr(progress, "ProgressLines", Recorder)
    return told


def make_table(path: Path, view: str, seed: int) -> str:
    generator = np.random.default_rng(seed)
    names = np.repeat([f"set{number}" for number in range(4)], 30)
    vectors = generator.normal(size=(len(names), 6)).astype(np.float32)
    ids = [f"{name}/{index}.png" for index, name in enumerate(names)]
    rows = {"image_id": ids, "dataset": names, "group": ids, "path": ids, "target": None}
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    space = Space("rainmer", view, "0" * 64, "bilinear-128", "exact")
    table = EmbeddingTable(vectors, Rows(pd.DataFrame(rows)), space)
    return str(write(table, path / f"{view}.parquet"))


def compared(folder: Path) -> list[str]:
    tables = [make_table(folder, view, seed) for seed, view in enumerate(("a", "b"))]
    return ["compare", *tables, "--resamples", "20", "--out", str(folder / "agreement.json")]


def balanced(folder: Path) -> list[str]:
    paths = [str(folder / f"{name}.npy") for name in "xy"]
    for seed, path in enumerate(paths):
        np.save(path, np.random.default_rng(seed).beta(2, 5 + seed, 600))
    return ["balance", paths[0], "--like", paths[1], "--size", "300", *out(folder)]


def balanced_by_vectors(folder: Path) -> list[str]:
    one, other = make_table(folder, "a", 0), make_table(folder / "..", "a", 1)
    return [
        *("balance", one, "--like", other, "--property", "embedding"),
        *("--size", "30", *out(folder)),
    ]


def projected(folder: Path) -> list[str]:
    return ["project", make_table(folder, "a", 0), "--out", str(folder / "map.parquet")]


def projected_as_published(folder: Path) -> list[str]:
    return [*projected(folder), "--engine", "umap-learn"]


def out(folder: Path) -> tuple[str, str]:
    return "--out", str(folder / "subset.toml")


@pytest.mark.parametrize(
    ("command", "units"),
    [
        (compared, ["subsample", "pair", "cut"]),
        (balanced, ["row"]),
        (balanced_by_vectors, ["block", "row"]),
        (projected, ["round", "epoch"]),
        (projected_as_published, ["epoch"]),
    ],
)
def test_stages_are_reported_in_their_order(
    command: Callable[[Path], list[str]], units: list[str], reports: Reports, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(SystemExit) as ended:
        main([*command(folder), "--quiet"])
    assert not ended.value.code
    assert list(dict.fromkeys(unit for _, _, unit in reports)) == units
    assert all(0 <= finished <= total for finished, total, _ in reports)
    assert all((total, total, unit) in reports for _, total, unit in reports if unit != "row")


def test_training_in_a_log_tells_its_rate_and_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 5.0, 45.0, 60.0, 85.0])
    monkeypatch.setattr(train_command.time, "monotonic", clock.__next__)
    common = CommonOptions(seed=0, as_json=False, quiet=False, overwrite=False)
    with train_command._TrainingProgress(common) as progress:
        for step in (101, 121, 130, 141):
            progress(step, 201, {"loss": 0.5})
    assert capsys.readouterr().err.splitlines() == [
        "step 121 of 201 loss 0.5000, 0.5 a second, 02:40 left",
        "step 141 of 201 loss 0.5000, 0.5 a second, 02:00 left",
    ]
