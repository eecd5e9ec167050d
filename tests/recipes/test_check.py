"""The report on what lies on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.errors import SourceError
from rainmer_analysis.recipes.datasets.check_datasets import check_datasets
from rainmer_analysis.recipes.datasets.check_report import CheckReport


def _save(path: Path, width: int = 32, height: int = 24) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    _save(folder / "input/good.png")
    _save(folder / "target/good.png")
    _save(folder / "input/alone.png")
    _save(folder / "input/wide.png", width=40)
    _save(folder / "target/wide.png", width=39)
    _save(folder / "input/other.png")
    _save(folder / "target/other.bmp")
    whole = _save(folder / "input/cut.png").read_bytes()
    _save(folder / "target/cut.png")
    (folder / "input/cut.png").write_bytes(whole[: len(whole) // 2])
    _save(folder / "input/spoiled.png")
    (folder / "target/spoiled.png").write_text("no image")
    return folder


def _kinds(report: CheckReport) -> list[tuple[str, str]]:
    return [(each.finding, each.image_id) for each in report.findings]


def test_faults_are_found_and_counted(faulty: Path) -> None:
    report = check_datasets({"set": faulty})
    assert _kinds(report) == [
        ("missing-partner", "set/input/alone.png"),
        ("unreadable", "set/input/cut.png"),
        ("unreadable", "set/input/spoiled.png"),
        ("size-mismatch", "set/input/wide.png"),
    ]
    details = [each.detail for each in report.findings]
    assert details[1].startswith("truncated or damaged")
    assert details[2].startswith("its partner spoiled.png: not an image")
    assert details[3] == "40x24 pixels, its partner 39x24"
    summary = report.datasets["set"]
    assert (summary.images, summary.readable, summary.pairs) == (6, 5, 5)
    assert (summary.sizes, summary.smallest, summary.largest) == (2, (32, 24), (40, 24))
    assert summary.notes == ("1 partners have the same name but another suffix",)


def test_headers_alone_miss_what_is_truncated(faulty: Path) -> None:
    report = check_datasets({"set": faulty}, decode=False)
    assert ("unreadable", "set/input/cut.png") not in _kinds(report)
    assert ("size-mismatch", "set/input/wide.png") in _kinds(report)
    assert ("unreadable", "set/input/spoiled.png") in _kinds(report)


def test_the_report_does_not_depend_on_threads(faulty: Path) -> None:
    seen: list[tuple[int, int]] = []
    one = check_datasets({"set": faulty}, workers=1)
    many = check_datasets({"set": faulty}, workers=5, progress=lambda *at: seen.append(at))
    assert one.document() == many.document()
    assert seen == [(number, 11) for number in range(1, 12)]


def test_the_document_is_json(faulty: Path, tmp_path: Path) -> None:
    _save(tmp_path / "plain/1.png")
    document = check_datasets({"set": faulty, "plain": tmp_path / "plain"}).document()
    assert json.loads(json.dumps(document)) == document
    assert document["kind"] == "check"
    assert document["datasets"]["plain"] == {
        "folder": str(tmp_path / "plain"),
        "images": 1,
        "readable": 1,
        "pairs": None,
        "expected": None,
        "sizes": 1,
        "smallest": [32, 24],
        "largest": [32, 24],
        "notes": [],
    }
    assert document["findings"][0] == {
        "finding": "missing-partner",
        "image_id": "set/input/alone.png",
        "detail": "there is no clean partner",
    }


def test_a_set_without_one_readable_image_has_no_sizes(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"")
    summary = check_datasets({"bad": tmp_path}).datasets["bad"]
    assert (summary.readable, summary.sizes, summary.smallest, summary.largest) == (
        0,
        0,
        None,
        None,
    )


def test_counts_of_the_catalogue_and_halves(tmp_path: Path) -> None:
    _save(tmp_path / "Rain1200_new/train/1.jpg", 48, 24)
    _save(tmp_path / "Rain1200_new/train/2.jpg", 24, 24)
    for decode in (True, False):
        report = check_datasets(["DID_1"], root=tmp_path, decode=decode)
        summary = report.datasets["DID_1"]
        assert summary.pairs == 2
        assert summary.smallest == summary.largest == (24, 24)
        assert "4,000 images are expected, 2 are here" in summary.notes
        assert report.findings[0].image_id == "DID_1/2.jpg"
        assert report.findings[0].detail.startswith("not two images side by side")


def test_unpaired_images_that_look_like_two_are_noted(tmp_path: Path) -> None:
    _save(tmp_path / "1.png", 48, 24)
    (note,) = check_datasets({"x": tmp_path}).datasets["x"].notes
    assert note.startswith("every image is twice as wide as high")


def test_a_missing_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist; name a folder"):
        check_datasets({"x": tmp_path / "no"})


def test_halves_the_other_way_round_are_noted(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for number in range(4):
        clean = np.repeat(np.linspace(40, 160, 60)[None], 40, 0) + 5 * number
        rain = np.clip(clean + 90 * (random.random(clean.shape) < 0.08), 0, 255)
        (tmp_path / "d").mkdir(exist_ok=True)
        both = np.hstack([clean, rain]).astype(np.uint8)
        Image.fromarray(both).save(tmp_path / f"d/{number}.png")
    wanted = {'"rain-clean"': 'say halves = "clean-rain"', '"clean-rain"': None}
    for halves, note in wanted.items():
        manifest = tmp_path / "m.toml"
        manifest.write_text(f'[[dataset]]\nname = "x"\nimages = "d"\nhalves = {halves}\n')
        notes = check_datasets(str(manifest)).datasets["x"].notes
        assert len(notes) == (note is not None)
        assert note is None or (notes[0].endswith(note) and "in 4 of 4 files" in notes[0])
        assert check_datasets(str(manifest), decode=False).datasets["x"].notes == ()


def test_halves_of_two_scenes_are_noted(tmp_path: Path) -> None:
    for number in range(3):
        plane = np.random.default_rng(number).integers(0, 256, (5, 10)).repeat(8, 0).repeat(8, 1)
        Image.fromarray(plane.astype(np.uint8)).save(tmp_path / f"{number}.png")
    (tmp_path / "m.toml").write_text('[[dataset]]\nname = "x"\nimages = "."\nhalves = true\n')
    notes = check_datasets(str(tmp_path / "m.toml")).datasets["x"].notes
    assert "in 3 of 3 files looked at, the halves hardly show one scene" in notes


def test_pictures_that_are_not_read_are_findings(tmp_path: Path) -> None:
    _save(tmp_path / "1.png")
    (tmp_path / "a.heic").write_bytes(b"x")
    report = check_datasets({"x": tmp_path})
    assert _kinds(report) == [("unreadable", "x/a.heic")]
    assert report.findings[0].detail.startswith("a picture in the format HEIC, which is not read")
    assert report.datasets["x"].images == 1


def test_several_possible_targets_are_named(faulty: Path) -> None:
    _save(faulty / "input/two.png")
    for suffix in ("bmp", "jpg"):
        _save(faulty / f"target/two.{suffix}")
    findings = {each.image_id: each.detail for each in check_datasets({"set": faulty}).findings}
    assert findings["set/input/two.png"] == "it may be two.bmp or two.jpg"


def test_every_file_is_accounted_for(faulty: Path) -> None:
    (faulty / "notes.txt").write_text("x")
    _save(faulty / "mask/1.png")
    _save(faulty / "target/unused.png")
    files = check_datasets({"set": faulty}).document()["files"]["set"]
    assert (files["used"], files["left_out"], files["targets"]) == (5, 1, 5)
    assert files["passed_over"] == {
        "other files": {".txt": 1},
        "beside input and target": {"mask": 1},
        "targets without an image": {"target": 1},
    }
    assert files["files"] == sum(path.is_file() for path in faulty.rglob("*")) == 14


def test_a_list_is_compared_both_ways(faulty: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("good.png\ninput/wide.png\nnowhere.png\n")
    report = check_datasets({"set": faulty}, names=tmp_path / "list.txt")
    assert report.comparison is not None
    assert report.comparison.missing == ("nowhere.png",)
    assert report.comparison.unlisted == tuple(
        f"set/input/{name}.png" for name in ("alone", "cut", "other", "spoiled")
    )
    assert report.document()["list"]["lines"] == 3
