"""Batches are halved until there is room, and the vectors are the same."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rainmer_analysis.errors import WeightsError
from rainmer_analysis.infer import extract
from rainmer_analysis.infer.extraction.adaptive_batches import AdaptiveBatchEncoder

Make = Callable[..., Any]


@pytest.mark.parametrize("error", [MemoryError, RuntimeError])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_batch_that_does_not_fit_is_halved(
    plain: Make, caplog: pytest.LogCaptureFixture, most: int, error: type[Exception]
) -> None:
    class Narrow(type(plain())):  # type: ignore[misc]
        def encode(self, images: np.ndarray) -> dict[str, np.ndarray]:
            if len(images) > most:
                raise error("CUDA out of memory. Tried to allocate 2.00 GiB")
            return super().encode(images)  # type: ignore[no-any-return]

    images = list(np.random.default_rng(0).random((9, 3, 8, 8), np.float32))
    wanted, encoder = AdaptiveBatchEncoder(plain()).encode(images), Narrow()
    found = AdaptiveBatchEncoder(encoder).encode(images)
    for a, b in zip(found, wanted, strict=True):
        assert a is not None
        assert b is not None
        np.testing.assert_allclose(a["chromatic"], b["chromatic"], atol=1e-6)
    assert max(encoder.batches) <= most
    assert "no memory for 9 images at once, going on with 4" in caplog.text


def test_other_errors_are_not_taken_for_want_of_memory(plain: Make) -> None:
    class Broken(type(plain())):  # type: ignore[misc]
        def encode(self, images: np.ndarray) -> dict[str, np.ndarray]:
            raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        AdaptiveBatchEncoder(Broken()).encode([np.zeros((3, 8, 8), np.float32)])


def test_an_image_without_room_is_left_out_alone(
    files: Make, image_set: Make, plain: Make, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(type(plain())):  # type: ignore[misc]
        def encode(self, images: np.ndarray) -> dict[str, np.ndarray]:
            if images.mean(axis=(1, 2, 3)).max() > 0.45:
                raise MemoryError
            return super().encode(images)  # type: ignore[no-any-return]

    with caplog.at_level(logging.INFO):
        done = extract(image_set(files(6)), Full())
    assert len(done.tables["chromatic"]) == 4  # the two that are not darkened have no room
    assert set(done.skipped["reason"]) == {"the encoder needs more memory for it than there is"}


def test_weights_that_overflow_are_blamed_and_not_the_images(
    files: Make, image_set: Make, plain: Make
) -> None:
    class Overflowing(type(plain())):  # type: ignore[misc]
        def encode(self, images: np.ndarray) -> dict[str, np.ndarray]:
            return {view: rows * np.nan for view, rows in super().encode(images).items()}

    with pytest.raises(WeightsError, match="its weights are damaged or too large"):
        extract(image_set(files(3)), Overflowing())


def test_work_of_a_killed_run_is_not_taken_for_other_bytes(
    files: Make, image_set: Make, plain: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where size and time are the same."""
    paths = files(4)
    images, out = image_set(paths), tmp_path / "out"

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(images, plain(), out=out, batch_size=1, workers=1, progress=stop)
    before, data = paths[1].stat(), bytearray(paths[0].read_bytes())
    data += bytes(max(0, before.st_size - len(data)))
    paths[1].write_bytes(data[: before.st_size])
    os.utime(paths[1], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert paths[1].stat().st_size == before.st_size
    encoder = plain()
    with caplog.at_level(logging.INFO):
        done = extract(images, encoder, out=out)
    assert "1 images have changed since and are read anew" in caplog.text
    clean = extract(images, plain())
    assert done.skipped["path"].tolist() == clean.skipped["path"].tolist()
    for view, table in clean.tables.items():
        np.testing.assert_array_equal(done.tables[view].vectors, table.vectors)
