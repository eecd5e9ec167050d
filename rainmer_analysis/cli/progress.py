"""Progress bars for people at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from rainmer_analysis.cli.options import Common

__all__ = ["bar"]


@contextmanager
def bar(common: Common, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function (finished, total) that moves a bar on stderr, if bars are welcome.

    A new total starts the bar anew, so that one bar serves several stages.
    """
    with tqdm(unit=unit, disable=not common.bars, file=sys.stderr, leave=False) as shown:

        def progress(finished: int, total: int) -> None:
            if shown.total != total or finished < shown.n:
                shown.reset(total=total)
            shown.update(finished - shown.n)

        yield progress
