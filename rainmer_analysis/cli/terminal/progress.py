"""Progress on stderr: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from tqdm import tqdm

__all__ = ["ProgressLines", "show_progress"]

_SECONDS_BETWEEN_LINES = 30.0
_SECONDS_UNTIL_BAR = 1.0


class ProgressLines:
    """Progress for a log: now and then a line with the rate and the time that is left."""

    def __init__(self, unit: str, print_line: Callable[[str], None]) -> None:
        self._unit, self._print_line = unit, print_line
        self._start, self._printed = (0.0, 0), 0.0
        self._total = -1

    def __call__(self, finished: int, total: int, unit: str = "") -> None:
        """Print a line if the last one is half a minute old."""
        now = monotonic()
        if total != self._total or finished < self._start[1]:
            self._start, self._printed, self._total = (now, finished), now, total
            return
        since, first = self._start
        if now - self._printed < _SECONDS_BETWEEN_LINES or finished == first:
            return
        self._printed = now
        rate = (finished - first) / (now - since)
        left = tqdm.format_interval((total - finished) / rate)
        what = unit or self._unit
        self._print_line(f"{finished} of {total} {what}s, {rate:.3g} a second, {left} left")


@contextmanager
def show_progress(
    unit: str, print_line: Callable[[str], None], *, bars: bool
) -> Iterator[Callable[[int, int], None]]:
    """Return a function (finished, total) that moves a bar, or prints lines without `bars`.

    A new total starts the bar anew, so that one bar serves several stages; computations inside
    that report their own progress move it too. It shows itself after a second; lines come every
    half minute.
    """
    # pandas and pyarrow wait until there is work, so that --help does not
    from rainmer_analysis.values import report_progress_to

    if not bars:
        lines = ProgressLines(unit, print_line)
        with report_progress_to(lines):
            yield lines
        return
    with tqdm(unit=f" {unit}s", file=sys.stderr, leave=False, delay=_SECONDS_UNTIL_BAR) as shown:

        def move_bar(finished: int, total: int, what: str = "") -> None:
            if shown.total != total or finished < shown.n:
                shown.reset(total=total)
            shown.unit = f" {what or unit}s"
            shown.update(finished - shown.n)

        with report_progress_to(move_bar):
            yield move_bar
