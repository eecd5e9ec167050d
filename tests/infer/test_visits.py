"""On its way through an extraction each image file is opened once."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rainmer_analysis.images import load_image_set
from rainmer_analysis.infer import extract

Make = Callable[..., Any]


class _Watch:
    """Counts every opening of a file in this process; a hook of the interpreter stays for good.

    One by ``FileIO`` with an opener is told twice, by both, so they are counted apart.
    """

    def __init__(self) -> None:
        self.opened: Counter[tuple[str, bool]] = Counter()
        self.on = False
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.on and event == "open" and isinstance(arguments[0], str | os.PathLike):
            self.opened[os.fspath(arguments[0]), arguments[1] is None] += 1

    @contextmanager
    def counting(self, paths: list[Path]) -> Iterator[dict[str, int]]:
        """Fill a mapping of files to how often they were opened meanwhile."""
        found: dict[str, int] = {}
        self.opened.clear()
        self.on = True
        try:
            yield found
        finally:
            self.on = False
            found |= {
                path.name: max(self.opened[str(path), low] for low in (False, True))
                for path in paths
            }


WATCH = _Watch()


class _StopError(Exception):
    pass


def once(paths: list[Path]) -> dict[str, int]:
    return dict.fromkeys((path.name for path in paths), 1)


def test_a_second_opening_is_seen(files: Make) -> None:
    paths = files(2)
    with WATCH.counting(paths) as found:
        paths[0].read_bytes()
        paths[0].read_bytes()
    assert list(found.values()) == [2, 0]


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_run_opens_each_file_once(
    files: Make, plain: Make, tmp_path: Path, batch_size: int
) -> None:
    paths = files(7)
    images = load_image_set({"a": paths[0].parent})
    for out in (None, tmp_path / "out"):
        with WATCH.counting(paths) as found:
            assert not extract(images, plain(), out=out, batch_size=batch_size).up_to_date
        assert found == once(paths)
    with WATCH.counting(paths) as found:
        assert extract(images, plain(), out=tmp_path / "out").up_to_date
    assert found == once(paths)


def test_a_continued_run_opens_each_file_once(files: Make, plain: Make, tmp_path: Path) -> None:
    paths = files(7)
    images = load_image_set({"a": paths[0].parent})

    def stop(done: int, _: int) -> None:
        if done == 3:
            raise _StopError

    with pytest.raises(_StopError):
        extract(images, plain(), out=tmp_path, batch_size=1, workers=1, progress=stop)
    encoder = plain()
    with WATCH.counting(paths) as found:
        extract(images, encoder, out=tmp_path, batch_size=1, workers=1)
    assert 0 < encoder.seen < 7
    assert found == once(paths)
