from __future__ import annotations

import csv
import json
import time

import numpy as np
import pytest

from rainmer_analysis.errors import OutputExistsError, ParameterError
from rainmer_analysis.images import load_image_set, map_in_threads, read_image
from rainmer_analysis.recipes.datasets.write_simulated_datasets import (
    write_simulated_datasets,
)
from rainmer_analysis.weather import scene_of_pair, simulate

NAMES = ("sim-DDN_1", "sim-DDN_5")
ASKED = {"per_dataset": 3, "size": (32, 40), "seed": 7}


@pytest.fixture
def made(tmp_path):
    return write_simulated_datasets(tmp_path / "out", NAMES, **ASKED)


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_is_written_is_what_was_simulated(made):
    assert (made.pairs, made.made, made.up_to_date) == (6, 6, False)
    for name in NAMES:
        for index in range(3):
            pair = simulate(name, index, size=(32, 40), seed=7)
            file = f"{index + 1:04d}.png"
            np.testing.assert_array_equal(read_image(made.out / name / "input" / file), pair.rainy)
            np.testing.assert_array_equal(read_image(made.out / name / "target" / file), pair.clean)


def test_the_manifest_is_a_source(made):
    images = load_image_set([str(made.manifest)])
    frame = images.rows.frame
    assert list(images.rows.counts.items()) == [(name, 3) for name in NAMES]
    assert frame["target"].notna().all()
    expected = [scene_of_pair(name, index, seed=7) for name in NAMES for index in range(3)]
    assert list(frame["group"]) == expected


def test_groups_name_every_image(made):
    with (made.out / "groups.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["image"] for row in rows} == {
        path.relative_to(made.out).as_posix() for path in made.out.rglob("*.png")
    }
    assert all(row["group"].startswith("scene-figure-") for row in rows)


def test_an_identical_request_is_up_to_date(made):
    stamps = {path: path.stat().st_mtime_ns for path in made.out.rglob("*")}
    again = write_simulated_datasets(made.out, NAMES, **ASKED)
    assert again.up_to_date
    assert {path: path.stat().st_mtime_ns for path in made.out.rglob("*")} == stamps


def test_a_half_written_folder_is_continued(made):
    before = contents(made.out)
    (made.out / "simulated.toml").unlink()
    (made.out / "sim-DDN_5" / "input" / "0002.png").unlink()
    (made.out / "sim-DDN_5" / "target" / "0003.png").unlink()
    again = write_simulated_datasets(made.out, NAMES, **ASKED)
    assert again.made == 2
    assert contents(made.out) == before


def test_another_request_needs_overwrite(made):
    other = {**ASKED, "per_dataset": 2}
    before = contents(made.out)
    with pytest.raises(OutputExistsError, match="already holds something else"):
        write_simulated_datasets(made.out, NAMES, **other)
    assert contents(made.out) == before
    (made.out / "notes.txt").write_text("mine", encoding="utf-8")
    again = write_simulated_datasets(made.out, ["sim-DDN_1"], **other, overwrite=True)
    assert again.pairs == 2
    names = {path.as_posix() for path in contents(made.out)}
    assert names == {
        "groups.csv",
        "notes.txt",
        "simulated.json",
        "simulated.toml",
        "sim-DDN_1/input/0001.png",
        "sim-DDN_1/input/0002.png",
        "sim-DDN_1/target/0001.png",
        "sim-DDN_1/target/0002.png",
    }


def test_foreign_files_are_not_touched(tmp_path):
    (tmp_path / "out" / "sim-DDN_1").mkdir(parents=True)
    (tmp_path / "out" / "sim-DDN_1" / "mine.png").write_bytes(b"x")
    with pytest.raises(OutputExistsError, match="sim-DDN_1 already holds"):
        write_simulated_datasets(tmp_path / "out", NAMES, **ASKED)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OutputExistsError, match="is a file; name a folder"):
        write_simulated_datasets(tmp_path / "file", NAMES, **ASKED, overwrite=True)


def test_a_damaged_request_file_is_something_else(made):
    (made.out / "simulated.json").write_text("{", encoding="utf-8")
    with pytest.raises(OutputExistsError, match=r"simulated\.json already holds"):
        write_simulated_datasets(made.out, NAMES, **ASKED)


def test_a_request_file_names_no_foreign_folder_for_removal(made, tmp_path):
    keep = tmp_path / "keep"
    keep.mkdir()
    (made.out / "simulated.json").write_text(
        json.dumps({"request": "x", "datasets": ["../keep", 3]}), encoding="utf-8"
    )
    write_simulated_datasets(made.out, NAMES, **ASKED, overwrite=True)
    assert keep.is_dir()


def test_threads_and_progress_do_not_change_anything(made, tmp_path):
    steps = []
    write_simulated_datasets(
        tmp_path / "two",
        NAMES,
        **ASKED,
        workers=3,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert contents(tmp_path / "two") == contents(made.out)
    assert steps == [(done, 6) for done in range(1, 7)]


def test_wrong_requests_are_refused(tmp_path):
    cases = [
        ({"names": ["sim-Hail"]}, "no recipe 'sim-Hail'; choose from"),
        ({"names": []}, "no recipe was named"),
        ({"names": ["sim-Snow", "sim-Snow"]}, "named twice"),
        ({"per_dataset": 0}, "0 pairs of each dataset were asked for; give 1 to 9999"),
        ({"size": (8, 64)}, "the size 8x64 is too small"),
        ({"workers": 0}, "0 workers cannot work"),
        ({"split": "test"}, "no split 'test' of scenes"),
    ]
    for arguments, message in cases:
        with pytest.raises(ParameterError, match=message):
            write_simulated_datasets(
                tmp_path / "out", **{"per_dataset": 1, "size": (32, 32), **arguments}
            )


def test_an_error_drops_what_has_not_begun():
    begun = []

    def fail(item):
        begun.append(item)
        time.sleep(0.002)
        if item == 1:
            raise ParameterError("stop")
        return item

    with pytest.raises(ParameterError, match="stop"):
        map_in_threads(fail, range(1000), workers=1)
    assert len(begun) < 1000
