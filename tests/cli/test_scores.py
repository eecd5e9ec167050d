"""`relate` with uncertainty, `sketch` and `compare`, from the command line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.cli.main import main
from rainmer_analysis.scores import SCORES
from rainmer_analysis.values import EmbeddingTable, Rows, Space, read, write, write_table_once

SPACE = Space("rainmer", "chromatic", "0" * 64, "bilinear-128", "exact")


def build(
    names: str = "abc", *, scenes: int = 24, width: int = 8, space: Space = SPACE, turn: int = 0
) -> EmbeddingTable:
    """Build sets of two images a scene; b is of the kind of a, c stands apart."""
    generator = np.random.default_rng(0)
    rows, labels = [], []
    for name in names:
        centre = np.eye(width)[0] + 0.8 * np.eye(width)[1] * (name == "c")
        for number in range(2 * scenes):
            rows.append(centre + 0.35 * generator.normal(size=width))
            labels.append((f"{name}/{number}.png", name, f"{name}{number // 2}"))
    vectors = np.roll(np.array(rows), turn, axis=1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    frame = pd.DataFrame(labels, columns=["image_id", "dataset", "group"])
    return EmbeddingTable(vectors, Rows(frame), space)


@pytest.fixture
def source(tmp_path: Path) -> str:
    return str(write(build(), tmp_path / "table.parquet"))


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.mark.parametrize("score", SCORES)
def test_every_score_with_intervals_and_null(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], score: str
) -> None:
    out = tmp_path / "m.json"
    asked = ["relate", source, "--out", out, "--score", score, "--resamples", 30, "--null", 39]
    assert run(*asked, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["score"] == score
    for name in ("values", "low", "high"):
        assert all(document[name][a][b] is not None for a in range(3) for b in range(a))
    assert document["p"][0][2] == pytest.approx(1 / 40)
    assert document["q"][0][1] > 0.05
    assert document["p"][0][0] is None
    assert run(*asked) == 0
    shown = capsys.readouterr()
    assert "up to date" in shown.err
    title, header, first, bounds, *_ = shown.out.splitlines()
    assert title == f"rainmer/chromatic, {score}"
    assert first.split()[0] == "a"
    assert first.split()[2].endswith("°")
    assert ".." in bounds
    assert "not told apart from two halves of one set" in shown.out
    assert len({len(line) for line in (header, first)}) == 1
    matrix = read(out)
    assert matrix.undecided.sum() == 2
    assert (matrix.ceilings is not None) == SCORES[score].is_streaming


def test_intervals_leave_values_as_they_are(source: str, tmp_path: Path) -> None:
    for name, more in (("plain", []), ("full", ["--resamples", 20, "--null", 9])):
        assert run("relate", source, "--out", tmp_path / f"{name}.json", "--quiet", *more) == 0
    plain, full = (read(tmp_path / f"{name}.json") for name in ("plain", "full"))
    assert np.abs(plain.values - full.values).max() < 1e-12
    assert plain.low is plain.p is plain.ceilings is None
    assert set(plain.parameters) == {"table", "similarity"}


def test_what_is_missing_or_cannot_be_said_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = build("ab")
    few = write(table.take([*range(4), *range(48, 96)]), tmp_path / "few.parquet")
    asked = ["relate", few, "--resamples", 20, "--null", 9]
    assert run(*asked, "--out", tmp_path / "m.csv") == 0
    shown = capsys.readouterr()
    assert "no interval for 1 pair: a dataset has too few scenes" in shown.out
    assert "no p of 9 permutations is below 0.10: give 19 or more" in shown.out
    assert "m.csv holds the scores alone" in shown.err
    assert run("relate", few, "--score", "centred", "--out", tmp_path / "c.json") == 0
    assert "measured from the mean of a, the first in the alphabet" in capsys.readouterr().err
    assert run("relate", few, "--out", tmp_path / "p.csv") == 0
    assert "holds the scores alone" not in capsys.readouterr().err


def test_intervals_are_drawn_on_request(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, sure = tmp_path / "plain.json", tmp_path / "sure.json"
    assert run("relate", source, "--out", plain, "--quiet") == 0
    assert run("relate", source, "--out", sure, "--quiet", "--resamples", 20) == 0
    assert run("plot", "matrix", sure, "--intervals", "--out", tmp_path / "i.svg") == 0
    assert "interval over scenes" in (tmp_path / "i.svg").read_text(encoding="utf-8")
    assert run("plot", "matrix", plain, "--intervals", "--out", tmp_path / "x.svg") == 1
    assert "make it with --resamples" in capsys.readouterr().err


def test_a_reference_is_stored_and_taken_up_again(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    asked = ["relate", source, "--score", "centred", "--quiet"]
    assert run(*asked, "--out", first, "--reference", "b") == 0
    assert "measured from the mean of b" in capsys.readouterr().out
    told = read(first).parameters["reference"]
    assert told["name"] == "mean of b"
    assert len(told["mean"]) == 8
    assert run(*asked, "--out", second, "--reference", first) == 0
    assert np.array_equal(read(first).values, read(second).values)
    capsys.readouterr()
    assert run(*asked, "--out", tmp_path / "x.json", "--reference", "d") == 1
    assert "there is no dataset 'd' to take as reference" in capsys.readouterr().err
    space = dataclasses.replace(SPACE, weights_sha256="1" * 64)
    other = write(build(space=space), tmp_path / "other.parquet")
    ask = ["relate", other, "--score", "centred", "--out", tmp_path / "x.json"]
    assert run(*ask, "--reference", first) == 1
    assert "the reference and the data lie in different spaces" in capsys.readouterr().err
    assert run(*asked, "--out", tmp_path / "x.json", "--reference", "no.json") == 1
    assert "no.json holds no reference mean" in capsys.readouterr().err
    assert run("relate", source, "--out", tmp_path / "x.json", "--reference", "b") == 1
    assert "takes no reference" in capsys.readouterr().err


def test_sketches_stand_for_tables(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for names in ("a", "bc"):
        table = write(build("abc").take(_rows(names)), tmp_path / f"{names}.parquet")
        assert run("sketch", table, "--out", tmp_path / f"{names}.sketch", "--resamples", 12) == 0
        told = capsys.readouterr()
        assert "12 resamples of 24 scenes give away up to 58%" in told.err
    sketches = [tmp_path / "a.sketch", tmp_path / "bc.sketch"]
    ask = ["--score", "cosine", "--resamples", 12, "--quiet"]
    assert run("relate", *sketches, "--out", tmp_path / "s.json", *ask) == 0
    assert run("relate", source, "--out", tmp_path / "t.json", *ask) == 0
    one, other = read(tmp_path / "s.json"), read(tmp_path / "t.json")
    for name in ("values", "low", "high", "ceilings"):
        assert np.abs(getattr(one, name) - getattr(other, name)).max() < 1e-6
    capsys.readouterr()
    assert run("relate", source, *sketches, "--out", tmp_path / "x.json") == 1
    assert "is a table; give one table" in capsys.readouterr().err


def _rows(names: str) -> np.ndarray:
    return np.flatnonzero(np.isin(build("abc").rows.column("dataset").astype(str), list(names)))


def test_a_sketch_is_kept_and_nothing_is_written_over(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.sketch"
    assert run("sketch", source, "--out", out, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["state"], document["resamples"]) == ("written", 12)
    assert document["datasets"]["a"] == {"images": 48, "scenes": 24}
    before = out.read_bytes()
    assert run("sketch", source, "--out", out) == 0
    assert "up to date" in capsys.readouterr().out
    assert run("sketch", source, "--out", out, "--resamples", 5) == 1
    assert "x.sketch already exists" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert run("sketch", source, "--out", out, "--resamples", 5, "--overwrite") == 0
    assert run("sketch", source, "--out", tmp_path / "x.parquet") == 1
    assert "would be taken for a table" in capsys.readouterr().err


def test_compares_encoders(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = dataclasses.replace(SPACE, encoder="statistics")
    second = write(build(space=other, turn=3).take(range(4, 144)), tmp_path / "second.parquet")
    out = tmp_path / "agreement.json"
    assert run("compare", source, second, "--out", out, "--resamples", 20) == 0
    shown = capsys.readouterr()
    assert "rainmer/chromatic and statistics/chromatic: 140 images of 70 scenes" in shown.out
    assert "left out: 4 image(s) that only" in shown.err
    assert "needs four datasets" in shown.out
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["kind"] == "agreement"
    assert document["cka"]["value"] == pytest.approx(1)
    assert document["rsa"] is None
    assert [space["encoder"] for space in document["spaces"]] == ["rainmer", "statistics"]
    assert run("compare", source, second, "--out", out, "--resamples", 20) == 0
    assert "up to date" in capsys.readouterr().err
    assert run("compare", source, second, "--out", out, "--resamples", 21) == 1
    assert "already exists" in capsys.readouterr().err
    assert run("compare", source, second, "--out", tmp_path / "x.csv") == 1
    assert "use a name that ends in .json" in capsys.readouterr().err


@pytest.mark.parametrize("score", SCORES)
def test_what_no_score_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], score: str
) -> None:
    def told(table: Path | str) -> str:
        out = tmp_path / "m.json"
        assert run("relate", table, "--out", out, "--score", score, "--quiet") == 1
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err.startswith("error: ")
        assert shown.err.count("\n") == 1
        assert not out.exists()
        return shown.err

    alone = write(build("a"), tmp_path / "alone.parquet")
    assert "only 'a' came; give at least two" in told(alone)
    mixed, wide = tmp_path / "mixed", tmp_path / "wide"
    for folder, second in (
        (mixed, build("b", space=dataclasses.replace(SPACE, precision="fast"))),
        (wide, build("b", width=9)),
    ):
        for number, part in enumerate((build("a"), second)):
            write_table_once(
                [part],
                folder / f"part-{number}.parquet",
                overwrite=False,
                request=None,  # type: ignore[arg-type]
            )
    assert "lie in different spaces: their precision is" in told(mixed)
    refused = told(wide)
    assert "vectors of 8 dimensions and" in refused
    assert "of 9, but parts of one table have the same" in refused
    damaged = tmp_path / "nan.parquet"
    _write_nan(write(build(), tmp_path / "good.parquet"), damaged)
    assert "NaN" in told(damaged)
    if SCORES[score].fewest_images > 1:
        few = write(build(scenes=1), tmp_path / "few.parquet")
        assert "fewer than two datasets are left: a has 2 image(s) of 1 scene(s)" in told(few)


def _write_nan(source: Path, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(source)
    column = table.column("embedding").combine_chunks()
    values = column.flatten().to_numpy().copy()
    values[3] = np.nan
    spoiled = pa.FixedSizeListArray.from_arrays(pa.array(values), column.type.list_size)
    place = table.schema.get_field_index("embedding")
    pq.write_table(table.set_column(place, "embedding", spoiled), target)
