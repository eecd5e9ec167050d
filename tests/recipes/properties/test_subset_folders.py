"""Manifests of samples, and folders of links or copies made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.errors import OutputExistsError, ParameterError
from rainmer_analysis.images import load_image_set
from rainmer_analysis.recipes.properties import (
    describe,
    link_or_copy_images_once,
    write_sample_manifest_once,
)
from rainmer_analysis.values import Rows


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    """Return a paired dataset and one without partners."""
    rng = np.random.default_rng(0)
    for name in ("pairs/input/a", "pairs/input/b", "pairs/target/a", "pairs/target/b", "alone/x/c"):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(path)
    return [f"{name}={tmp_path / name}" for name in ("pairs", "alone")]


def state(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


def test_a_sample_is_read_again(sources: list[str], tmp_path: Path) -> None:
    out = tmp_path / "lists" / "sample.toml"
    rows, current = write_sample_manifest_once(sources, out, per_dataset=1, seed=3)
    again = load_image_set([str(out)]).rows
    drawn = load_image_set(sources, per_dataset=1, seed=3).rows
    assert not current
    assert rows.counts == {"pairs": 1, "alone": 1} == again.counts
    for name in ("path", "target"):
        assert sorted(map(str, again.cells(name))) == sorted(map(str, drawn.cells(name)))
    assert write_sample_manifest_once(sources, out, per_dataset=1, seed=3)[1]
    with pytest.raises(OutputExistsError):
        write_sample_manifest_once(sources, out)
    with pytest.raises(ParameterError, match=r"ends in \.toml"):
        write_sample_manifest_once(sources, tmp_path / "sample.csv")


def test_what_a_command_drew_is_written_down(sources: list[str], tmp_path: Path) -> None:
    table = tmp_path / "made" / "p.parquet"
    drawn = describe(sources, out=table, per_dataset=1).table.rows
    rows, _ = write_sample_manifest_once([table], tmp_path / "made" / "sample.toml")
    again = load_image_set([str(tmp_path / "made" / "sample.toml")]).rows
    assert sorted(rows.cells("image_id")) == sorted(drawn.cells("image_id"))
    assert sorted(again.cells("path")) == sorted(drawn.cells("path"))
    with pytest.raises(ParameterError, match="drawn already"):
        write_sample_manifest_once([table], tmp_path / "made" / "other.toml", per_dataset=1)


@pytest.mark.parametrize("how", ["link", "copy"])
def test_a_folder_is_a_source_like_the_first(sources: list[str], tmp_path: Path, how: str) -> None:
    rows = load_image_set(sources).rows
    before = [state(tmp_path / name) for name in ("pairs", "alone")]
    out = tmp_path / "chosen" / "set"
    assert not link_or_copy_images_once(rows, out, how)  # type: ignore[arg-type]
    assert link_or_copy_images_once(rows, out, how)  # type: ignore[arg-type]
    made = [f"{name}={out / name}" for name in ("pairs", "alone")]
    assert load_image_set(made).rows.counts == rows.counts
    found = sorted(path for path in out.rglob("*.png"))
    assert [path.is_symlink() for path in found] == [how == "link"] * 5
    for path in found:
        assert path.read_bytes() == (tmp_path / path.relative_to(out)).read_bytes()
    assert [state(tmp_path / name) for name in ("pairs", "alone")] == before
    assert [path.name for path in (tmp_path / "chosen").iterdir()] == ["set"]


def test_nothing_is_overwritten_and_no_image_folder_is_written_into(
    sources: list[str], tmp_path: Path
) -> None:
    rows = load_image_set(sources).rows
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "note.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="holds something else"):
        link_or_copy_images_once(rows, tmp_path / "taken", "copy")
    assert (tmp_path / "taken" / "note.txt").read_text() == "mine"
    for inside in (tmp_path / "alone" / "x" / "new", tmp_path / "pairs" / "input"):
        with pytest.raises(ParameterError, match="holds images of yours"):
            link_or_copy_images_once(rows, inside, "link")
    assert not (tmp_path / "alone" / "x" / "new").exists()


def test_names_that_leave_the_folder_are_refused(sources: list[str], tmp_path: Path) -> None:
    frame = load_image_set(sources).rows.frame
    frame.loc[0, "image_id"] = f"{frame.loc[0, 'dataset']}/../../escaped.png"
    with pytest.raises(ParameterError, match="names no file below"):
        link_or_copy_images_once(Rows(frame), tmp_path / "out", "copy")
    assert not (tmp_path / "out").exists()
