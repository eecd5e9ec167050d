"""How far a run is, how it ended, and the hooks that it calls meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rainmer_analysis.errors import TrainingError

__all__ = ["Hooks", "Outcome", "State"]

_IN_A_ROW, _SHARE, _SHARE_FROM = 20, 0.05, 200


@dataclass(frozen=True)
class Outcome:
    """How a call of `train` ended.

    Parameters
    ----------
    step, finished
        The step reached, and whether it is the last.
    skipped, seconds
        Totals over the run, earlier calls included.
    best, best_step
        Best value of the criterion on held-out images so far, and its step; NaN and 0 where
        nothing was held out.
    """

    step: int
    finished: bool
    skipped: int
    seconds: float
    best: float = math.nan
    best_step: int = 0


@dataclass
class State:
    """Numbers that change from step to step, beside weights and optimiser."""

    step: int = 0
    skipped: int = 0
    in_a_row: int = 0
    seconds: float = 0.0
    best: float = math.nan
    best_step: int = 0

    def count_step(self, *, is_finite: bool) -> None:
        """Count a step, and whether its gradients were finite."""
        self.in_a_row = 0 if is_finite else self.in_a_row + 1
        self.skipped += not is_finite

    def raise_if_rarely_finite(self, steps_done: int) -> None:
        """End a run whose gradients are not finite, many in a row or many of `steps_done` steps.

        Raises
        ------
        TrainingError
            They pile up.
        """
        many = steps_done >= _SHARE_FROM and self.skipped > _SHARE * steps_done
        if self.in_a_row >= _IN_A_ROW or many:
            raise TrainingError(
                f"gradients were not finite in {self.in_a_row} steps in a row and in "
                f"{self.skipped} of {steps_done} steps; lower optimiser.lr, or set "
                'run.precision to "float32"'
            )


@dataclass(frozen=True)
class Hooks:
    """What is called while a run goes on, in rank 0 alone.

    Parameters
    ----------
    on_start
        Once, before the first step and after what the folder holds was found to fit.
    progress
        After each step, with the number of steps done and the numbers of the last log row.
    on_checkpoint
        After each checkpoint, with the number of steps done.
    on_best
        When a validation is the best so far, with the number of steps done; the network has the
        weights that were validated.
    """

    on_start: Callable[[], object] = lambda: None
    progress: Callable[[int, Mapping[str, float]], None] = lambda *_: None
    on_checkpoint: Callable[[int], None] = lambda _: None
    on_best: Callable[[int], None] = lambda _: None
