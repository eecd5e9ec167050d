"""An audit of a small collection with known faults."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

import rainmer_analysis as ra
from rainmer_analysis.errors import (
    FileFormatError,
    OutputExistsError,
    ParameterError,
    SourceError,
)
from rainmer_analysis.images import find_datasets, sample_datasets
from rainmer_analysis.recipes.audit import Audit, audit, read_audit
from rainmer_analysis.recipes.audit.examine_images import Examiner
from rainmer_analysis.recipes.audit.outputs.images_to_remove import images_to_remove
from rainmer_analysis.values import read_json
from tests.recipes.audit.pictures import save_pair, scene


@pytest.fixture(scope="module")
def found(sources: dict[str, Path]) -> Audit:
    return audit(sources)


def kinds(found: Audit) -> set[tuple[str, str, str | None]]:
    return {(each.finding, each.a, each.b) for each in found.findings}


def test_every_fault_is_found_and_nothing_else(found: Audit) -> None:
    assert kinds(found) == {
        ("unreadable", "train/input/cut.png", None),
        ("missing-partner", "train/input/alone.png", None),
        ("missing-partner", "train/input/stranger.png", None),
        ("size-mismatch", "train/input/small.png", None),
        ("identical-pair", "train/input/identical.png", None),
        ("swapped-pair", "train/input/swapped.png", None),
        ("shifted-pair", "train/input/shifted.png", None),
        ("duplicate", "loose/a.png", "train/input/sound-0.png"),
        ("near-duplicate", "loose/c.jpg", "loose/b.jpg"),
        ("near-duplicate", "loose/e.png", "loose/d.png"),
        ("shared-scene", "eval/input/20.png", "train/input/leaking.png"),
    }


def test_findings_carry_numbers(found: Audit) -> None:
    named = {each.a: each for each in found.findings}
    shifted = named["train/input/shifted.png"]
    assert shifted.numbers["right"] == pytest.approx(-2, abs=0.15)
    assert shifted.numbers["down"] == pytest.approx(-1, abs=0.15)
    assert "to the right" in shifted.detail
    assert "the same view, resized" in named["train/input/small.png"].detail
    assert named["eval/input/20.png"].leak
    assert not named["loose/c.jpg"].leak
    crop = named["loose/e.png"]
    assert crop.detail == "mirrored, cropped"
    assert crop.numbers["window"][2] == pytest.approx(80 / 96, abs=0.03)


def test_summaries_count(found: Audit) -> None:
    train, held_out = found.datasets["train"], found.datasets["eval"]
    assert (train["split"], held_out["split"]) == ("train", "held-out")
    assert (train["images"], train["readable"], train["pairs"]) == (11, 10, 8)
    assert train["shared_scenes"] == {"eval": 1, "loose": 1}
    assert (
        train["account"]["passed_over"] == {"beside input and target": {".txt": 1}}
        or train["account"]["passed_over"]
    )
    assert found.datasets["loose"]["files"]["images"]["jpeg_quality"] == {
        "least": 50,
        "median": 90,
        "most": 90,
    }
    assert found.datasets["loose"]["scenes"] == 3
    scenes = {row["image_id"]: row["scene"] for row in found.images}
    assert scenes["eval/input/20.png"] == scenes["train/input/leaking.png"]
    assert scenes["eval/input/21.png"] != scenes["eval/input/20.png"]


def test_train_and_test_in_one_folder_are_told_apart_and_leaks_between_them(tmp_path: Path) -> None:
    clean = {number: scene(number)[:, ::2, ::2] for number in (50, 51, 52)}
    for part, numbers, dim in (("train", (50, 51), 0.8), ("test", (51, 52), 0.6)):
        for name, number in enumerate(numbers):
            folder = tmp_path / "Kaggle/Kaggle" / part
            save_pair(folder, f"{name}.png", dim * clean[number], clean[number])
    found = audit({"rain": tmp_path / "Kaggle"})
    assert found.datasets["rain"]["split"] == "held-out and train"
    splits = {row["image_id"].split("/")[2]: row["split"] for row in found.images}
    assert splits == {"train": "train", "test": "held-out"}
    test, train = "rain/Kaggle/test/input/0.png", "rain/Kaggle/train/input/1.png"
    assert {(each.a, each.b) for each in found.findings if each.leak} == {(train, test)}
    assert images_to_remove(found)[train] == ("leak", test)
    assert not any("/test/" in name for name in images_to_remove(found))


def test_the_face_has_it() -> None:
    assert ra.audit is audit


def test_nothing_is_written_into_folders_of_images(
    sources: dict[str, Path], collection: Path, tmp_path: Path
) -> None:
    def state() -> list[tuple[str, int, str]]:
        return [
            (str(path), path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(collection.rglob("*"))
            if path.is_file()
        ]

    before = state()
    audit({"eval": sources["eval"]}, out=tmp_path / "audit.json")
    assert state() == before
    assert [path.name for path in tmp_path.iterdir()] == ["audit.json"]


def test_it_does_not_depend_on_threads_and_is_up_to_date(
    sources: dict[str, Path], tmp_path: Path
) -> None:
    given = {name: sources[name] for name in ("eval", "loose")}
    out = tmp_path / "audit.json"
    first = audit(given, out=out, workers=1)
    text = out.read_bytes()
    again = audit(given, out=out, workers=2)
    assert (first.up_to_date, again.up_to_date) == (False, True)
    assert again.document() == read_json(out) == read_audit(out).document()
    assert audit(given, out=tmp_path / "other.json", workers=3).document() == first.document()
    with pytest.raises(OutputExistsError, match="holds something else"):
        audit({"eval": given["eval"]}, out=out)
    assert out.read_bytes() == text
    damaged = tmp_path / "damaged.json"
    damaged.write_bytes(text.replace(b'"eval"', b'"evil"', 1))
    with pytest.raises(FileFormatError, match="its content is not that of its checksum"):
        read_audit(damaged)


def test_an_interrupted_audit_goes_on(
    sources: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, out = {"loose": sources["loose"]}, tmp_path / "audit.json"

    examine = Examiner.examine
    seen: list[str] = []

    def stopping(self: object, job: object) -> object:
        seen.append(job.path)  # type: ignore[attr-defined]
        if len(seen) == 4:
            raise KeyboardInterrupt
        return examine(self, job)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Examiner, "examine", stopping)
        with pytest.raises(KeyboardInterrupt):
            audit(given, out=out, workers=1)
    (left,) = tmp_path.glob(".audit-*.jsonl")
    left.write_text(left.read_text() + '{"index": 4, "own": {"picture": "broken"')
    seen.clear()

    def counted(self: object, job: object) -> object:
        seen.append(job.path)  # type: ignore[attr-defined]
        return examine(self, job)  # type: ignore[arg-type]

    monkeypatch.setattr(Examiner, "examine", counted)
    found = audit(given, out=out, workers=1)
    assert len(seen) <= 2
    assert found.document() == audit(given).document()
    assert [path.name for path in tmp_path.iterdir()] == ["audit.json"]


def test_a_sample_is_the_one_that_tables_hold(sources: dict[str, Path]) -> None:
    found = audit(sources, per_dataset=2, seed=7)
    drawn = sample_datasets(find_datasets(sources), per_dataset=2, seed=7).rows
    assert [row["image_id"] for row in found.images] == drawn.column("image_id").tolist()
    assert found.datasets["train"]["images"] == 2
    assert {each.a.partition("/")[0] for each in found.findings} <= set(sources)


def test_wrong_requests_get_a_sentence(sources: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"ends in \.json"):
        audit(sources, out=tmp_path / "audit.html")
    with pytest.raises(ParameterError, match="at least 1"):
        audit(sources, workers=0)
    with pytest.raises(SourceError, match="no dataset is called 'nobody'"):
        audit(sources, held_out=["nobody"])
    (tmp_path / "no.json").write_text('{"kind": "matrix"}')
    with pytest.raises(FileFormatError, match="cannot be read as an audit"):
        read_audit(tmp_path / "no.json")


def test_an_image_alone_and_hostile_names(tmp_path: Path, sources: dict[str, Path]) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    shutil.copy(sources["loose"] / "d.png", folder / "<img src=x onerror=alert(1)>.png")
    (folder / "empty.png").write_bytes(b"")
    found = audit({"odd": folder})
    assert [(each.finding, each.detail) for each in found.findings] == [
        ("unreadable", "an empty file")
    ]
