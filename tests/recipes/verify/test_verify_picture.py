"""Each kind of change in a picture or in its inputs is found, and no untouched picture is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.pictures import PLANTS, draw_picture, make_inputs
from rainmer_analysis.draw import Drawing, plot_map
from rainmer_analysis.errors import FileFormatError, ParameterError
from rainmer_analysis.images import file_sha256
from rainmer_analysis.numerics import align_maps
from rainmer_analysis.recipes.verify import redraw as redraw_module
from rainmer_analysis.recipes.verify import verify
from rainmer_analysis.recipes.verify.evidence.differences_from_stated import describe_differences
from rainmer_analysis.values import Rows, SphereMap, read, write

Plant = Callable[[Path, Path, np.random.Generator], None]
LISTED = [plant for plants in PLANTS.values() for plant in plants]
WHAT = ("matrix.svg", "map.png", "intervals.pdf", "figure3.svg")


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("originals")
    make_inputs(folder, seed=1)
    for name in WHAT:
        draw_picture(folder, *name.rsplit(".", 1)[:1], "." + name.rsplit(".", 1)[1])
    return folder


@pytest.fixture
def folder(originals: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(originals, tmp_path / "made"))


def outcomes(picture: Path, against: Path | None = None) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for check in verify(picture, against).checks:
        found.setdefault(check.outcome, set()).add(check.what)
    return found


@pytest.mark.parametrize("name", WHAT)
def test_an_untouched_picture_agrees_with_all_its_inputs(originals: Path, name: str) -> None:
    found = outcomes(originals / name, originals)
    assert set(found) == {"agrees"}
    shown = {"map", "table"} if name == "map.png" else {"matrix", "numbers", "table"}
    kinds = {what.partition(" ")[0] for what in found["agrees"]}
    assert kinds >= {"record", "picture", "drawn", *shown}


@pytest.mark.parametrize("number", range(len(LISTED)))
def test_a_planted_change_is_found(folder: Path, number: int) -> None:
    plant, picture = LISTED[number], folder / WHAT[number % 2]
    plant(picture, folder, np.random.default_rng(number))
    assert not verify(picture, folder).agrees, plant.__name__


def test_without_inputs_a_matrix_is_drawn_from_its_own_numbers(originals: Path) -> None:
    found = outcomes(originals / "matrix.svg")
    assert "drawn anew" in found["agrees"]
    assert "differs" not in found
    assert "drawn anew" in outcomes(originals / "map.png")["not checked"]


def test_other_releases_are_not_held_to_the_same_pixels(
    originals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redraw_module, "drawing_platform", lambda: "Plan9 riscv")
    checks = {check.what: check for check in verify(originals / "matrix.svg").checks}
    assert checks["drawn anew"].outcome == "not checked"
    assert "here Plan9 riscv" in checks["drawn anew"].detail


def test_what_was_given_must_hold_some_input(originals: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = verify(originals / "map.png", tmp_path / "empty")
    assert not found.agrees
    assert found.checks[-1].what == "inputs"
    assert found.checks[-1].detail.startswith("none of what the picture was made of is among")
    with pytest.raises(ParameterError, match=r"there is no .*nowhere to compare with"):
        verify(originals / "map.png", tmp_path / "nowhere")


def test_weights_and_seed_are_named(folder: Path) -> None:
    PLANTS["weights"][0](folder, folder, np.random.default_rng(0))
    details = [each.detail for each in verify(folder / "map.png", folder).checks]
    assert any("other weights" in detail for detail in details)
    make_inputs(folder, seed=1, layout=7)
    details = [each.detail for each in verify(folder / "map.png", folder).checks]
    assert any("another seed (7, not 42)" in detail for detail in details)


def test_a_damaged_table_is_named(folder: Path) -> None:
    path = folder / "table-rainmer-chromatic.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    found = verify(folder / "matrix.svg", folder)
    assert not found.agrees or str(path) in found.passed_over
    told = [each.detail for each in found.checks] + [*found.passed_over.values()]
    assert any("damaged" in detail for detail in told)


def test_images_are_found_by_content(tmp_path: Path, originals: Path) -> None:
    made = read(originals / "map-rainmer-chromatic.parquet")
    assert isinstance(made, SphereMap)
    frame = made.rows.frame
    for place in range(3):
        path = tmp_path / "photos" / f"{place:03}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (place, 0, 0)).save(path)
        frame.loc[place, "sha256"] = file_sha256(path)
    made = SphereMap(made.points, Rows(frame), made.space, made.parameters, made.fidelity)
    write(made, tmp_path / "map.parquet")
    picture = plot_map(made).save(tmp_path / "map.svg")
    given = [tmp_path / "map.parquet", tmp_path / "photos"]
    checks = {check.what: check for check in verify(picture, given).checks}
    assert checks["images"].outcome == "agrees"
    assert checks["images"].detail.startswith("3 by the content of their files; 69 were not given")
    Image.new("RGB", (8, 8), (9, 9, 9)).save(tmp_path / "photos" / "001.png")
    checks = {check.what: check for check in verify(picture, given).checks}
    assert checks["images"].detail == "1 are others now, the first 'day/001.png'"


def test_maps_that_were_turned_are_turned_again(originals: Path, tmp_path: Path) -> None:
    paths = [originals / f"map-rainmer-{view}.parquet" for view in ("chromatic", "degradation")]
    maps = [read(path) for path in paths]
    picture = plot_map(align_maps(maps)).save(tmp_path / "both.svg")
    assert outcomes(picture, originals).keys() == {"agrees"}
    found = [check.outcome for check in verify(picture, paths[1]).checks]
    assert found.count("not checked") >= 2


def test_a_record_of_another_layout_is_refused(tmp_path: Path, originals: Path) -> None:
    picture = Drawing(plot_map(read(originals / "map-rainmer-chromatic.parquet")).figure, {}).save(
        tmp_path / "odd.svg", provenance={"maps": 3}
    )
    with pytest.raises(FileFormatError, match="is not laid out as this installation writes"):
        verify(picture)


def test_differences_in_words() -> None:
    stated = {"parameters": {"seed": 1, "table": "a" * 64}, "content_sha256": "b" * 64}
    found = {"parameters": {"seed": 2, "table": "c" * 64}, "content_sha256": "d" * 64}
    assert describe_differences(stated, stated) == ""
    assert describe_differences(stated, found) == "another seed (2, not 1), another table"
