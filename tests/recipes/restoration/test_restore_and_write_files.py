"""Decoding, restoring and writing: they overlap, within bounds, and one fault stops nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.images import file_sha256, read_image, write_png
from rainmer_analysis.recipes.restoration import restore_and_write_files as files
from rainmer_analysis.recipes.restoration.plan_restoration_jobs import RestorationJob
from rainmer_analysis.recipes.restoration.restore_and_write_files import (
    TileSize,
    restore_and_write_files,
)

CUT = TileSize(64, None)


class Waits:
    """Stands for a restorer that goes on only when the next image was decoded."""

    def __init__(self, decoded: list[str], count: int) -> None:
        self.decoded, self.count, self.ahead = decoded, count, []  # type: ignore[var-annotated]
        self.number, self.arrived = 0, threading.Condition()

    def restore_strips(
        self, image: np.ndarray, *, tile: int, overlap: int | None
    ) -> Iterator[tuple[slice, np.ndarray]]:
        self.number += 1
        with self.arrived:
            enough = min(self.number + 1, self.count)
            assert self.arrived.wait_for(lambda: len(self.decoded) >= enough, timeout=30)
        self.ahead.append(len(self.decoded) - self.number)
        middle = image.shape[1] // 2
        yield slice(0, middle), 1 - image[:, :middle]
        yield slice(middle, None), 1 - image[:, middle:]


@pytest.fixture
def jobs(tmp_path: Path) -> list[tuple[RestorationJob, str, str]]:
    found = []
    for number in range(5):
        source = tmp_path / f"{number}.png"
        write_png(np.full((3, 9, 16), number / 5, np.float32), source)
        job = RestorationJob(source, source.name, tmp_path / "out" / source.name)
        found.append((job, file_sha256(source), f"r{number}"))
    (tmp_path / "2.png").write_bytes(b"")
    write_png(np.zeros((3, 9, 16)), tmp_path / "4.png")
    return found


def test_decoding_overlaps_within_bounds(
    jobs: list[tuple[RestorationJob, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    restorer = Waits(decoded, len(jobs))

    inner = files._decode_if_unchanged

    def decode(task: tuple[RestorationJob, str, str]) -> files._Decoded:
        found = inner(task)
        with restorer.arrived:
            decoded.append(task[0].name)
            restorer.arrived.notify_all()
        return found

    monkeypatch.setattr(files, "_decode_if_unchanged", decode)
    results = list(restore_and_write_files(jobs, restorer, CUT))  # type: ignore[arg-type]
    assert [each.job for each in results] == [job for job, *_ in jobs]
    assert [bool(each.fault) for each in results] == [False, False, True, False, True]
    assert "empty" in results[2].fault
    assert "changed while it was waiting" in results[4].fault
    assert max(restorer.ahead) <= 2
    for number in (0, 1, 3):
        found = read_image(jobs[number][0].target)
        np.testing.assert_allclose(found, 1 - number / 5, atol=1 / 255)
    assert not jobs[2][0].target.exists()


def test_what_was_finished_is_kept_when_the_network_fails(
    jobs: list[tuple[RestorationJob, str, str]],
) -> None:
    class Fails(Waits):
        def restore_strips(
            self, image: np.ndarray, **how: object
        ) -> Iterator[tuple[slice, np.ndarray]]:
            self.number += 1
            if self.number == 2:
                raise RuntimeError("no more")
            yield slice(None), image

    results = restore_and_write_files(jobs, Fails([], 5), CUT)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="no more"):
        list(results)
    assert jobs[0][0].target.exists()
    assert not jobs[1][0].target.exists()
