from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.cli.main import main
from rainmer_analysis.errors import FileFormatError, OutputExistsError, ParameterError
from rainmer_analysis.images import write_png
from rainmer_analysis.recipes.report import ReportOptions, report

QUICK = ReportOptions(encoders=("statistics",), resamples=20, null=20, neighbors=5)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    top = tmp_path_factory.mktemp("sets")
    generator = np.random.default_rng(0)
    for name, level in (("<i>day", 0.8), ("night", 0.1)):
        for index in range(14):
            grain = generator.uniform(-0.1, 0.1, (3, 20, 24)) * generator.uniform(0.1, 1)
            write_png(np.clip(level + grain, 0, 1), top / name / f"{index}.png")
    (top / "night" / "broken.png").write_bytes(b"no image")
    return [f"{name}={top / name}" for name in ("<i>day", "night")]


@pytest.fixture(scope="module")
def page(folders: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "report.html"
    done = report(folders, out, options=QUICK)
    assert not done.up_to_date
    assert [name for name, _ in done.content.skipped] == ["night/broken.png"]
    return out


def test_a_page_of_folders_shows_them(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<i>day" not in text
    assert "night/broken.png" in text
    assert "Hand-made descriptors chromatic" in text
    assert "An audit found files that cannot be used (1); they stand under Audit." in text
    kept = page.with_name("report_files")
    assert len(list((kept / "thumbnails").glob("*.webp"))) == 28
    between = {"audit.json", "maps", "matrices", "tables", "thumbnails"}
    assert {each.name for each in kept.iterdir()} == between


def test_the_same_request_leaves_everything_as_it_is(page: Path, folders: list[str]) -> None:
    files = [each for each in page.parent.rglob("*.*") if "matrices" not in each.parts]
    before = {each: each.stat().st_mtime_ns for each in files if each.suffix != ".csv"}
    done = report(folders, page, options=QUICK)
    assert done.up_to_date
    assert before
    assert {each: each.stat().st_mtime_ns for each in before} == before


def test_another_page_is_never_written_over(folders: list[str], tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputExistsError, match="already exists"):
        report(folders, out, options=QUICK)
    assert out.read_text(encoding="utf-8") == "mine"


def test_tables_serve_in_place_of_folders(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = sorted(str(each) for each in (page.parent / "report_files/tables").glob("*.parquet"))
    assert len(tables) == 2
    arguments = ["report", *tables, "--out", str(tmp_path / "again.html"), "--json"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--resamples", "20", "--null", "20", "--neighbors", "5"])
    assert ended.value.code == 0
    document = json.loads(capsys.readouterr().out)
    assert document["spaces"] == ["statistics/chromatic", "statistics/degradation"]
    assert document["datasets"] == {"<i>day": 14, "night": 14}
    assert document["bytes"] == (tmp_path / "again.html").stat().st_size


def test_a_picture_of_a_changed_file_is_not_shown(folders: list[str], tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    first = report(folders, out, options=QUICK)
    table = str(first.kept / "tables" / "statistics-chromatic.parquet")
    changed = Path(folders[1].partition("=")[2]) / "3.png"
    before = changed.read_bytes()
    try:
        write_png(np.full((3, 20, 24), 0.5), changed)
        done = report([table], tmp_path / "other.html", options=QUICK)
    finally:
        changed.write_bytes(before)
    assert sum(each is None for each in done.content.thumbnails) == 1
    assert any("changed since it was embedded" in note for note in done.content.notes)


@pytest.mark.parametrize(
    ("also", "out", "said"),
    [
        ("more=somewhere", "report.html", "tables alone"),
        ("", "report.pdf", "ends in .html"),
        ("again", "report.html", "two tables are of the space"),
    ],
)
def test_what_does_not_go_together_is_refused(
    page: Path, tmp_path: Path, also: str, out: str, said: str
) -> None:
    table = str(page.parent / "report_files/tables/statistics-chromatic.parquet")
    more = {"": [], "again": [table]}.get(also, [also])
    with pytest.raises(ParameterError, match=said):
        report([table, *more], tmp_path / out, options=QUICK)


def test_findings_of_an_audit_are_tied_to_their_images(page: Path, tmp_path: Path) -> None:
    table = str(page.parent / "report_files/tables/statistics-chromatic.parquet")
    finding = {
        "finding": "duplicate",
        "a": "night/3.png",
        "b": "elsewhere/<b>.png",
        "leak": True,
        "detail": "equal pixels",
    }
    audit = tmp_path / "audit.json"
    audit.write_text(json.dumps({"kind": "audit", "findings": [finding]}), encoding="utf-8")
    options = replace(QUICK, audit=str(audit))
    done = report([table], tmp_path / "report.html", options=options)
    assert done.content.audit is not None
    (kind,) = done.content.audit
    names = done.content.rows.column("image_id").tolist()
    assert kind.shown[0].rows == [names.index("night/3.png"), None]
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "1 finding: images with equal pixels" in text
    assert "elsewhere/&lt;b&gt;.png" in text
    assert done.content.notes == []
    audit.write_text(json.dumps({"kind": "audit", "findings": []}), encoding="utf-8")
    with pytest.raises(OutputExistsError):  # another audit makes another page
        report([table], tmp_path / "report.html", options=options)
    audit.write_text(json.dumps({"kind": "matrix"}), encoding="utf-8")
    with pytest.raises(FileFormatError, match="holds no audit"):
        report([table], tmp_path / "report.html", options=options)


def test_scenes_that_an_audit_sees_are_said(page: Path, tmp_path: Path) -> None:
    table = str(page.parent / "report_files/tables/statistics-chromatic.parquet")
    datasets = {
        "<i>day": {"scenes": 14, "shared_scenes": {"night": 3}},
        "night": {"scenes": 9, "shared_scenes": {"<i>day": 3}},
    }
    audit = tmp_path / "audit.json"
    document = {"kind": "audit", "findings": [], "datasets": datasets}
    audit.write_text(json.dumps(document), encoding="utf-8")
    done = report([table], tmp_path / "report.html", options=replace(QUICK, audit=str(audit)))
    shared, fewer = done.content.notes
    assert shared.startswith("<i>day and night share 3 scenes")
    assert fewer.startswith("night shows 9 scenes by the audit, and the intervals count 14")
    assert "&lt;i&gt;day and night share 3 scenes" in done.path.read_text(encoding="utf-8")
    audit.write_text(json.dumps(document | {"datasets": {"night": 3}}), encoding="utf-8")
    with pytest.raises(FileFormatError, match="holds no audit"):
        report([table], tmp_path / "other.html", options=replace(QUICK, audit=str(audit)))
