"""Manifests, lists and pages made from an audit."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

from rainmer_analysis.auditing.findings import Finding
from rainmer_analysis.errors import OutputExistsError, ParameterError
from rainmer_analysis.images import load_image_set
from rainmer_analysis.recipes.audit import Audit, audit
from rainmer_analysis.recipes.audit.outputs import (
    write_audit_page_once,
    write_clean_manifest_once,
    write_finding_lists_once,
    write_scene_manifest_once,
)
from rainmer_analysis.recipes.audit.outputs.images_to_remove import images_to_remove


@pytest.fixture(scope="module")
def found(sources: dict[str, Path]) -> Audit:
    return audit(sources)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_clean_manifest_holds_what_may_be_used(found: Audit, tmp_path: Path) -> None:
    out = tmp_path / "clean.toml"
    gone = write_clean_manifest_once(found, out)
    images = load_image_set([str(out)])
    kept = set(images.rows.cells("image_id"))
    assert {Path(each).name for each in kept} == {
        *("sound-0.png", "sound-1.png", "sound-2.png"),
        *("20.png", "21.png"),
        *("b.jpg", "d.png"),
    }
    assert gone["train/input/leaking.png"] == ("leak", "eval/input/20.png")
    assert gone["loose/a.png"] == ("duplicate", "train/input/sound-0.png")
    assert gone["train/input/cut.png"][0] == "unreadable"
    assert len(kept) + len(gone) == len(found.images)
    listed = rows(tmp_path / "clean.removed.csv")
    assert {each["image"]: each["reason"] for each in listed} == {
        name: reason for name, (reason, _) in gone.items()
    }
    again = audit([str(out)], held_out=["eval"])
    assert again.findings == ()


def test_of_copies_the_held_out_one_stays(sources: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "more"
    shutil.copytree(sources["eval"], folder)
    found = audit({"more": folder, "eval": sources["eval"]})
    assert {each.finding for each in found.findings} == {"duplicate"}
    assert set(images_to_remove(found)) == {"more/input/20.png", "more/input/21.png"}


def test_one_of_a_chain_of_copies_stays() -> None:
    rows = tuple(
        {"image_id": name, "dataset": "a", "split": "train", "scene": "s"} for name in "pqrs"
    )
    findings = (
        Finding("unreadable", "s"),
        Finding("near-duplicate", "q", "p"),
        Finding("near-duplicate", "r", "q"),
    )
    gone = images_to_remove(Audit({}, findings, rows, ""))
    assert gone == {
        "s": ("unreadable", ""),
        "q": ("near-duplicate", "p"),
        "r": ("near-duplicate", "p"),
    }


def test_scenes_serve_as_groups(found: Audit, tmp_path: Path) -> None:
    out = tmp_path / "scenes.toml"
    write_scene_manifest_once(found, out)
    images = load_image_set([str(out)])
    groups = dict(zip(images.rows.cells("image_id"), images.rows.cells("group"), strict=True))
    named = {Path(name).name: group for name, group in groups.items()}
    assert named["20.png"] == named["leaking.png"]
    assert named["d.png"] == named["e.png"]
    assert named["a.png"] == named["sound-0.png"]
    assert len(set(named.values())) == len({each["scene"] for each in found.images}) - 1  # cut.png


def test_lists_hold_every_finding(found: Audit, tmp_path: Path) -> None:
    paths = write_finding_lists_once(found, tmp_path / "lists")
    listed = {path.stem: rows(path) for path in paths}
    assert sum(map(len, listed.values())) == len(found.findings)
    assert listed["shifted-pair"][0]["a"] == "train/input/shifted.png"
    assert float(listed["shifted-pair"][0]["right"]) == pytest.approx(-2, abs=0.15)
    assert listed["known-set"] == []
    write_finding_lists_once(found, tmp_path / "lists")
    (tmp_path / "lists" / "duplicate.csv").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"duplicate\.csv"):
        write_finding_lists_once(found, tmp_path / "lists")


def test_a_page_needs_nothing_and_escapes_names(sources: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in ('<b>&"one".png', "two<script>.png"):
        shutil.copy(sources["loose"] / "d.png", folder / name)
    (folder / "three<i>.png").write_bytes(b"no image")
    found = audit({"odd": folder})
    out = write_audit_page_once(found, tmp_path / "page.html")
    text = out.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<b>&" not in text
    assert "two&lt;script&gt;.png" in text
    assert "default-src 'none'" in text
    sources_of = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources_of
    assert all(each.startswith(("data:image/jpeg;base64,", "#")) for each in sources_of)
    assert "http" not in re.sub(r"http-equiv", "", text)
    with pytest.raises(ParameterError, match=r"ends in \.html"):
        write_audit_page_once(found, tmp_path / "page.pdf")


def test_a_page_shows_both_images(found: Audit, tmp_path: Path) -> None:
    text = write_audit_page_once(found, tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count("<figure>") >= 2 * (len(found.findings) - 2)
    assert text.count('class="badge"') == sum(each.leak for each in found.findings)
    assert write_audit_page_once(found, tmp_path / "page.html").read_text(encoding="utf-8") == text
