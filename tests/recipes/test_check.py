"""The report on what lies on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.errors import SourceError
from rainmer_analysis.recipes.check import Check, check_sources


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


def _kinds(report: Check) -> list[tuple[str, str]]:
    return [(each.finding, each.image_id) for each in report.findings]


def test_faults_are_found_and_counted(faulty: Path) -> None:
    report = check_sources({"set": faulty})
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
    report = check_sources({"set": faulty}, decode=False)
    assert ("unreadable", "set/input/cut.png") not in _kinds(report)
    assert ("size-mismatch", "set/input/wide.png") in _kinds(report)
    assert ("unreadable", "set/input/spoiled.png") in _kinds(report)


def test_the_report_does_not_depend_on_threads(faulty: Path) -> None:
    seen: list[tuple[int, int]] = []
    one = check_sources({"set": faulty}, workers=1)
    many = check_sources({"set": faulty}, workers=5, progress=lambda *at: seen.append(at))
    assert one.document() == many.document()
    assert seen == [(number, 11) for number in range(1, 12)]


def test_the_document_is_json(faulty: Path, tmp_path: Path) -> None:
    _save(tmp_path / "plain/1.png")
    document = check_sources({"set": faulty, "plain": tmp_path / "plain"}).document()
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
    summary = check_sources({"bad": tmp_path}).datasets["bad"]
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
        report = check_sources(["DID_1"], root=tmp_path, decode=decode)
        summary = report.datasets["DID_1"]
        assert summary.pairs == 2
        assert summary.smallest == summary.largest == (24, 24)
        assert "4,000 images are expected, 2 are here" in summary.notes
        assert report.findings[0].image_id == "DID_1/2.jpg"
        assert report.findings[0].detail.startswith("not two images side by side")


def test_unpaired_images_that_look_like_two_are_noted(tmp_path: Path) -> None:
    _save(tmp_path / "1.png", 48, 24)
    (note,) = check_sources({"x": tmp_path}).datasets["x"].notes
    assert note.startswith("every image is twice as wide as high")


def test_a_missing_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist; name a folder"):
        check_sources({"x": tmp_path / "no"})
