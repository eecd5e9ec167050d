"""The training loop, resumable at any step.

Everything random is a function of seed and step (order of images, augmentation, mined archive),
so a checkpoint holds what is left: weights, momentum copy, queue, optimiser, step. A float32 run
on a CPU that is interrupted and continued gives the same weights, to the bit, as one that is
not.

Non-finite gradients. Under bfloat16 autocast a step can, rarely, give gradients that are not
finite. Such a step changes no weight; it is counted in the log, and training stops when they
pile up.

The host never waits for an accelerator inside a step: what steps tell stays on the device until a
row of the log, a checkpoint, or so many steps that it is time to see whether they are finite.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path

import torch

from rainmer_analysis.distributed import DistributedContext
from rainmer_analysis.errors import TrainingError
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.loop.checkpoints import (
    VERSION,
    load_checkpoint,
    remove_partial_checkpoints,
    save_checkpoint,
)
from rainmer_analysis.train.loop.gradient_step import GradientStep
from rainmer_analysis.train.loop.logs import CsvLog, DeferredNumbers, RunMonitor
from rainmer_analysis.train.loop.run_state_and_hooks import Hooks, Outcome, State
from rainmer_analysis.train.loop.trainable import Trainable

__all__ = ["train"]

_UNREAD = 20  # steps that go unseen at most
_MORE = ("gradient_norm", "learning_rate", "skipped", "images_per_second")


def train(
    objective: Trainable,
    config: TrainConfig,
    folder: Path,
    *,
    identity: str,
    hooks: Hooks | None = None,
    context: DistributedContext | None = None,
) -> Outcome:
    """Train until the last step, or until the time is up; continue what the folder holds.

    Parameters
    ----------
    objective
        What to optimise.
    config
        Steps, optimiser, intervals.
    folder
        Exists; receives ``checkpoint.pt``, ``checkpoint-previous.pt``, ``log.csv``, ``examples``
        where the objective has some, and ``tensorboard`` where that is installed.
    identity
        Digest of all that decides the result; a checkpoint with another one is refused.
    hooks
        What to call meanwhile.
    context
        Device, and which process this is of how many.

    Raises
    ------
    TrainingError
        The checkpoint belongs to another run, processes see different ones, a checkpoint cannot
        be written, or non-finite gradients pile up.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(config.run.threads)
    try:
        return _train_until_done(
            objective, config, folder, identity=identity, hooks=hooks, context=context
        )
    finally:
        torch.set_num_threads(before)  # it is the whole process's


def _train_until_done(
    objective: Trainable,
    config: TrainConfig,
    folder: Path,
    *,
    identity: str,
    hooks: Hooks | None,
    context: DistributedContext | None,
) -> Outcome:
    context, hooks = context or DistributedContext(), hooks or Hooks()
    run = _Run(objective, config, folder, identity=identity, context=context, hooks=hooks)
    run.restore_checkpoint_and_open_log()
    started = time.perf_counter()
    while run.state.step < config.run.steps and not run.is_out_of_time(
        time.perf_counter() - started
    ):
        run.make_step()
        step, last = run.state.step, run.state.step == config.run.steps
        run.log_and_validate_if_due()
        if context.is_main_process:
            hooks.progress(step, run.row)
        if step % config.run.checkpoint_every == 0 or last:
            run.save_checkpoint()
    if run.unsaved:
        run.save_checkpoint()
    run.close()
    state = run.state
    finished = state.step >= config.run.steps
    return Outcome(state.step, finished, state.skipped, state.seconds, state.best, state.best_step)


class _Run:
    def __init__(
        self,
        objective: Trainable,
        config: TrainConfig,
        folder: Path,
        *,
        identity: str,
        context: DistributedContext,
        hooks: Hooks,
    ) -> None:
        self.objective, self.config = objective, config
        self.folder, self.identity = folder, identity
        self.context, self.hooks = context, hooks
        self.state = State()
        self.row: dict[str, float] = {}
        self.unsaved = False
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._make_step = GradientStep(objective, config, context)
        self.updater = self._make_step.updater
        self._tally = DeferredNumbers(context)
        self._clock, self._noted = time.perf_counter(), 0
        self._log: CsvLog | None = None
        self._watcher: RunMonitor | None = None

    def restore_checkpoint_and_open_log(self) -> None:
        found = load_checkpoint(self.folder)
        if found is not None:
            if found["identity"] != self.identity:
                raise TrainingError(
                    f"the checkpoint in {self.folder} belongs to another configuration or other "
                    "images; use the ones it was started with, or another folder"
                )
            self.objective.module.load_state_dict(found["module"])
            self.updater.load_state(found["optimiser"])
            self.state = State(**found["state"])
            self._sums, self._counts = found["sums"], found["counts"]
        if not self.context.all_equal(self.state.step):
            raise TrainingError(
                f"processes do not find the same checkpoint in {self.folder}; "
                "give a folder that all of them see"
            )
        self.context.barrier()
        if self.context.is_main_process:
            remove_partial_checkpoints(self.folder)
            names = self.objective.number_names
            columns = ["step", *names, *_MORE, *(f"held_out_{name}" for name in names)]
            self._log = CsvLog(self.folder / "log.csv", self.state.step, columns=columns)
            self._watcher = RunMonitor(self.folder, step=self.state.step)
            self.hooks.on_start()
        self._clock, self._noted = time.perf_counter(), self.state.step

    def save_checkpoint(self) -> None:
        self.read_deferred_numbers()
        if self.context.is_main_process:
            state = {
                "version": VERSION,
                "identity": self.identity,
                "module": self.objective.module.state_dict(),
                "optimiser": self.updater.optimiser.state_dict(),
                "state": vars(self.state),
                "sums": self._sums,
                "counts": self._counts,
            }
            save_checkpoint(self.folder, state)
            self.hooks.on_checkpoint(self.state.step)
        self.unsaved = False

    def close(self) -> None:
        if self._watcher is not None:
            self._watcher.close()

    def is_out_of_time(self, seconds: float) -> bool:
        """Return whether this call has lasted long enough, in all processes alike.

        Several talk about it where they have waited for their devices anyway.
        """
        limit = self.config.run.max_minutes * 60
        if not limit or (self.context.world > 1 and len(self._tally)):
            return False
        return self.context.broadcast_flag(seconds >= limit)

    def make_step(self) -> None:
        """Make one step; weights stay as they are when a gradient is not finite."""
        began = time.perf_counter()
        self._tally.add(*self._make_step(self.state.step))
        self.state.step += 1
        self.unsaved = True
        self.state.seconds += time.perf_counter() - began
        if len(self._tally) >= _UNREAD:
            self.read_deferred_numbers()

    def read_deferred_numbers(self) -> None:
        """Wait for the device, and judge and remember the steps that nobody has looked at."""
        began, state = time.perf_counter(), self.state
        first = state.step - len(self._tally) + 1
        for number, step in enumerate(self._tally.read_and_clear(), start=first):
            state.count_step(is_finite=step.is_finite)
            for numbers in step.numbers if step.is_finite else ():
                self._add_to_next_row(numbers)
            state.raise_if_rarely_finite(number)
        state.seconds += time.perf_counter() - began

    def _add_to_next_row(self, numbers: Mapping[str, float]) -> None:
        """Remember numbers for the next row of the log."""
        for name, value in numbers.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def log_and_validate_if_due(self) -> None:
        """Write a row of the log when it is time, with a validation when it is time for that."""
        run, step = self.config.run, self.state.step
        last = step == run.steps
        due = step % run.validate_every == 0 or last
        if step % run.log_every and not due:
            return
        self.read_deferred_numbers()
        row: dict[str, float] = {"step": step}
        row |= {name: total / self._counts[name] for name, total in self._sums.items()}
        row["learning_rate"] = self.updater.first_learning_rate
        row["skipped"] = self.state.skipped
        row["images_per_second"] = self._images_per_second()
        if due:
            row |= self._validate_and_keep_best()
        if self.context.is_main_process and self._log is not None and self._watcher is not None:
            self._log.add_row(row)
            self._watcher.add_row(row)
        self.row, self._sums, self._counts = row, {}, {}
        self._clock, self._noted = time.perf_counter(), step

    def _images_per_second(self) -> float:
        steps = self.state.step - self._noted
        images = steps * self.config.run.accumulate * self.objective.queries_per_batch
        return images / max(time.perf_counter() - self._clock, 1e-9)

    def _validate_and_keep_best(self) -> dict[str, float]:
        """Judge the network on held-out images; keep it if it is the best so far."""
        found = self.objective.validate() if self.context.is_main_process else {}
        name, sign = self.objective.criterion
        if name in found:
            value, best = found[name], self.state.best
            if math.isnan(best) or sign * value > sign * best:
                self.state.best, self.state.best_step = value, self.state.step
                self.hooks.on_best(self.state.step)
            sheet = self.objective.render_example_sheet()
            if sheet is not None and self._watcher is not None:
                self._watcher.add_example_sheet(sheet, self.state.step)
        self.context.barrier()
        return {f"held_out_{key}": value for key, value in found.items()}
