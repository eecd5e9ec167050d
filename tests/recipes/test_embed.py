"""From folders to tables in Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.errors import ParameterError, SourceError
from rainmer_analysis.images import load_image_set
from rainmer_analysis.recipes.extract_tables import extract
from rainmer_analysis.values import read


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for number, name in enumerate(("heavy", "night")):
        found[name] = tmp_path / name
        found[name].mkdir()
        for index in range(3):
            rng = np.random.default_rng([number, index])
            pixels = rng.integers(0, 256 >> number, (24, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(found[name] / f"{index}.png")
    return found


def test_a_mapping_of_folders_becomes_one_table_per_view(folders: dict[str, Path]) -> None:
    tables = extract(folders, encoder="statistics")
    assert list(tables) == ["chromatic", "degradation"]
    assert tables["chromatic"].rows.counts == {"heavy": 3, "night": 3}
    chromatic = tables["chromatic"].vectors
    between = chromatic[:3] @ chromatic[3:].T
    within = chromatic[:3] @ chromatic[:3].T
    assert within.min() > between.max()


def test_sources_as_text_and_image_sets_give_the_same(folders: dict[str, Path]) -> None:
    texts = [f"{name}={folder}" for name, folder in folders.items()]
    by_text = extract(texts, "statistics", per_dataset=2)
    by_set = extract(load_image_set(folders, per_dataset=2), "statistics", per_dataset=1)
    for view, table in by_text.items():
        assert len(table) == 4
        assert table.content_sha256 == by_set[view].content_sha256


def test_written_tables_are_those_given(folders: dict[str, Path], tmp_path: Path) -> None:
    done = extract(folders, "statistics", out=tmp_path / "out", per_dataset=None)
    for view, path in done.paths.items():
        assert path.name == f"statistics-{view}.parquet"
        assert read(path).content_sha256 == done.tables[view].content_sha256
    assert extract(folders, "statistics", out=tmp_path / "out", per_dataset=None).up_to_date


def test_fast_tells_how_far_it_is_from_exact(
    folders: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    (folders["heavy"] / "0.png").write_bytes(b"")  # what cannot be read is passed over
    with caplog.at_level("INFO"):
        extract(folders, "untrained:3", precision="fast", device="cpu")
    (note,) = (text for text in caplog.messages if "lowest cosine" in text)
    assert note.startswith("fast against exact vectors of 3 images")
    cosines = [float(word) for word in note.split() if word.startswith(("0.", "1."))]
    assert len(cosines) == 2
    assert all(0.99 < cosine <= 1 for cosine in cosines)


def test_a_wrong_encoder_is_refused_before_any_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="unknown encoder 'vgg'"):
        extract({"none": tmp_path / "none"}, "vgg")
    with pytest.raises(SourceError):
        extract({"none": tmp_path / "none"}, "statistics")
