"""Known sets told by their fingerprints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.auditing.fingerprints import (
    mirrored_hashes,
    nearest_hashes_and_distances,
    perceptual_hashes,
    read_fingerprints,
)
from rainmer_analysis.errors import FileFormatError, SourceError
from rainmer_analysis.recipes.audit import audit, fingerprint
from rainmer_analysis.recipes.audit.fingerprint_set import write_fingerprints_once
from rainmer_analysis.weather import degraded_and_clean
from tests.recipes.audit.pictures import save, scene


@pytest.fixture(scope="module")
def known(sources: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("known") / "known.json"
    write_fingerprints_once(f"eval={sources['eval']}", out, name="TheTestSet")
    return out


def test_images_are_told_under_any_name(known: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    save(folder / "holiday.png", degraded_and_clean(scene(20), "sim-DDN_5", seed=99)[0])
    save(folder / "other-rain.png", degraded_and_clean(scene(21), "sim-Rain200H", seed=3)[0])
    save(folder / "clean.jpg", scene(20)[:, :, ::-1], quality=80)
    for number in range(50, 58):
        save(folder / f"{number}.png", scene(number))
    found = audit({"mine": folder}, known=[known])
    told = {each.a: each for each in found.findings if each.finding == "known-set"}
    assert set(told) == {"mine/holiday.png", "mine/other-rain.png", "mine/clean.jpg"}
    assert told["mine/holiday.png"].detail == "equal to input/20.png of TheTestSet"
    assert told["mine/other-rain.png"].detail == "the scene of input/21.png of TheTestSet"
    assert told["mine/clean.jpg"].numbers["image"] == "input/20.png"


def test_a_file_of_fingerprints_is_read_as_it_was(known: Path, sources: dict[str, Path]) -> None:
    read = read_fingerprints(known)
    taken = fingerprint(f"eval={sources['eval']}", name="TheTestSet")
    assert read.document() == taken.document()
    assert read.content_digest == taken.content_digest
    assert "pixels" in json.loads(known.read_text())["images"][0]


@pytest.mark.parametrize("text", ["", "{}", '{"kind": "audit"}', "[1]", "null"])
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "no.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match="cannot be read as fingerprints"):
        read_fingerprints(path)


def test_incomplete_sets_have_no_fingerprints(sources: dict[str, Path]) -> None:
    with pytest.raises(SourceError, match=r"train/input/cut\.png cannot be read"):
        fingerprint(f"train={sources['train']}")


def test_flipping_an_image_flips_its_signs() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 2, 96, 96), dtype=np.uint8)
    assert (
        mirrored_hashes(perceptual_hashes(images)) == perceptual_hashes(images[..., ::-1])
    ).all()
    assert (
        mirrored_hashes(mirrored_hashes(perceptual_hashes(images))) == perceptual_hashes(images)
    ).all()
    nearest, distance = nearest_hashes_and_distances(
        perceptual_hashes(images), perceptual_hashes(images[::-1])
    )
    assert nearest.tolist() == [4, 3, 2, 1, 0]
    assert distance.tolist() == [0] * 5
