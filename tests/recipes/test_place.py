from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.cli.main import main
from rainmer_analysis.errors import OutputExistsError, SourceError, WeightsError
from rainmer_analysis.images import write_png
from rainmer_analysis.recipes.extract_tables import extract
from rainmer_analysis.recipes.place import place, write_placed_images_page_once
from rainmer_analysis.values import EmbeddingTable, Space, read_as


def photograph(level: float, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.clip(level + generator.uniform(-0.1, 0.1, (3, 20, 24)), 0, 1)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("known")
    for name, level in (("day", 0.8), ("night", 0.1)):
        for index in range(12):
            write_png(photograph(level, 100 * index + int(10 * level)), top / name / f"{index}.png")
    folders = {name: top / name for name in ("day", "night")}
    return Path(extract(folders, "statistics", out=top / "tables").paths["chromatic"])


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return write_png(photograph(0.1, 7), tmp_path / "<b>new.png")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_a_placed_image_says_all_that_is_promised(
    table: Path, new: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    more = [
        write_png(photograph(0.1, seed), tmp_path / f"{seed}.png") for seed in range(2000, 2005)
    ]
    page = tmp_path / "page.html"
    images = [str(path) for path in (new, broken, *more)]
    arguments = ["place", *images, "--against", str(table), "--html", str(page)]
    assert run(*arguments, "--json") == 0
    shown = capsys.readouterr()
    documents = json.loads(shown.out)
    assert [each["path"] for each in documents] == [path for path in images if path != str(broken)]
    # of one dataset's new images one in ten may be called strange
    assert sum(each["outside"] for each in documents) <= 3
    for document in documents:
        assert next(iter(document["datasets"])) == "night"
        assert sum(document["datasets"].values()) == pytest.approx(1)
        assert len(document["neighbours"]) == 5
        assert all(name.startswith("night/") for name in document["neighbours"])
        assert -180 <= document["lon"] <= 180
        assert -90 <= document["lat"] <= 90
        assert 0 < document["radius"] <= 180
    assert "left out" in shown.err
    text = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;new.png" in text
    assert "<b>new" not in text
    assert "broken.png" in text
    assert run(*arguments) == 0
    shown = capsys.readouterr()
    assert "up to date" in shown.err
    assert "not unusual for: night; probabilities:" in shown.out


def test_a_file_of_the_table_is_recognised(table: Path, tmp_path: Path) -> None:
    known = read_as(table, EmbeddingTable)
    path = known.rows.column("path")[3]
    done = place([path], known)
    assert done.placed[0].known_as == known.rows.column("image_id")[3]
    assert done.placed[0].neighbours[0][1] == pytest.approx(0, abs=1e-3)
    taken = tmp_path / "page.html"
    taken.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputExistsError):
        write_placed_images_page_once(done, taken)


def test_other_weights_are_never_used(table: Path, new: Path) -> None:
    known = read_as(table, EmbeddingTable)
    space = Space("statistics", "chromatic", "f" * 64, known.space.preprocessing, "exact")
    with pytest.raises(WeightsError, match="ffffffffffffffff"):
        place([new], EmbeddingTable(known.vectors, known.rows, space))


def test_no_image_at_all_is_an_error(table: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="none of the 1 images"):
        place([tmp_path / "missing.png"], read_as(table, EmbeddingTable))
