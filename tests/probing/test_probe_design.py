from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.probing import LADDERS, Design, encode_design, render_or_load_design
from rainmer_analysis.probing.probe_design import render_scene_images

TINY = Design("train", scenes=3, draws=2, side=16)


def test_cells_are_draws_then_ladders() -> None:
    cells = TINY.cells
    assert len(cells) == len(TINY.recipes) * 2 + len(LADDERS) * TINY.levels_per_ladder
    assert cells[0].weather.recipe == cells[1].weather.recipe == TINY.recipes[0]
    assert cells[0].weather != cells[1].weather
    assert cells[-1].weather.recipe == "ladder/blur"


def test_levels_rise() -> None:
    for name, ladder in LADDERS.items():
        assert list(ladder.levels) == sorted(set(ladder.levels)), name
        assert len(ladder.levels) == TINY.levels_per_ladder


def test_stronger_levels_are_farther_from_the_weakest() -> None:
    """Each ladder changes the picture more and more, in every scene."""
    design = Design("train", scenes=3, draws=2, side=48)
    images = render_scene_images(design, design.scene_names[-1]).astype(float)
    start = len(design.recipes) * design.draws
    for number, name in enumerate(LADDERS):
        rungs = images[start + number * design.levels_per_ladder :][: design.levels_per_ladder]
        distance = np.abs(rungs - rungs[0]).mean(axis=(1, 2, 3))
        assert (np.diff(distance) > -0.5).all(), (name, distance)
        assert distance[-1] > 3, name


def test_scenes_are_disjoint_between_splits_and_nested() -> None:
    assert not set(Design("train").scene_names) & set(Design("figure").scene_names)
    assert Design("train", scenes=5).scene_names == Design("train").scene_names[:5]


def test_images_are_rendered_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = render_or_load_design(TINY, tmp_path)
    (file,) = tmp_path.iterdir()
    before = file.stat().st_mtime_ns
    second = render_or_load_design(TINY, tmp_path)
    assert file.stat().st_mtime_ns == before
    assert np.array_equal(first.pixels, second.pixels)
    assert not second.pixels.flags.writeable
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    file.write_bytes(damaged)
    third = render_or_load_design(TINY, tmp_path)
    assert "damaged" in caplog.text
    assert np.array_equal(first.pixels, third.pixels)


def test_other_requests_are_other_images() -> None:
    assert TINY.sha256 == Design("train", scenes=3, draws=2, side=16).sha256
    others = [Design("figure", 3, 2, 16), Design("train", 3, 3, 16), Design("train", 3, 2, 16, 7)]
    assert len({each.sha256 for each in (TINY, *others)}) == 4


def test_realisations_differ_between_scenes_and_parameters_do_not() -> None:
    images = render_or_load_design(TINY).pixels
    assert not np.array_equal(images[0, 0], images[1, 0])
    assert TINY.cells == Design("figure", scenes=3, draws=2, side=16).cells


def test_encoding_does_not_depend_on_the_batch() -> None:
    images = render_or_load_design(TINY)

    def encode(given: np.ndarray) -> dict[str, np.ndarray]:
        assert given.dtype == np.float32
        assert 0 <= given.min() <= given.max() <= 1
        return {"mean": 0.1 + given.mean(axis=(2, 3))}

    whole = encode_design(encode, images, batch=1000)["mean"]
    parts = encode_design(encode, images, batch=7)["mean"]
    np.testing.assert_allclose(whole, parts)
    assert whole.shape == (*images.pixels.shape[:2], 3)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=-1), 1)


def test_an_encoder_that_loses_images_is_refused() -> None:
    with pytest.raises(ParameterError, match="one vector per image"):
        encode_design(lambda given: {"lost": given[:1, 0, 0]}, render_or_load_design(TINY))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scenes": 2}, "needs 3 to"),
        ({"scenes": 10**6}, "needs 3 to"),
        ({"draws": 1}, "at least 2 draws"),
        ({"side": 8}, "from 16 pixels"),
        ({"split": "test"}, "there is no split"),
    ],
)
def test_impossible_designs_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        Design(**change)  # type: ignore[arg-type]
