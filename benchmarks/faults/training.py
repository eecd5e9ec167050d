"""Faults of a training run: killed where it hurts, and continued, also by other processes."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.faults.harness import Command, Ended, Row, dying_at, group_of_ranks
from rainmer_analysis.recipes.training import make_or_open_pair_pool, train_network
from rainmer_analysis.train import RainmerTrainable, read_train_config
from rainmer_analysis.train.loop import training_loop

_SMALL = {
    "run.steps": 11, "run.batch": 2, "run.checkpoint_every": 3, "run.validate_every": 5,
    "run.validation_batches": 1, "run.log_every": 1, "data.per_dataset": 5, "objective.crop": 32,
}  # fmt: skip
_CLOCK = "images_per_second"

Prepare = Callable[[], object]


def resumed(place: Path, *, quick: bool) -> Row:
    """Kill a training run where it hurts, once and twice, and resume it."""
    row = Row(
        "training resumed",
        "SIGKILL in the first epoch and later, at its end, after the best weights were written, "
        "twice in one epoch, at every eighth fsync, rename or removal; pools by 0 and 2 workers; "
        "continued by 2 processes, and by 3 that cannot share a batch",
    )
    run = _Runs(place)
    clean = run.train("clean")
    if clean.code:
        row.check(False, f"undisturbed: {clean.err[-500:]}")
        return row
    wanted = run.learnt("clean")
    kills: list[tuple[str, list[Prepare]]] = [
        ("first epoch", [_dying_after(2)]),
        ("later", [_dying_after(2 * run.epoch + 1)]),
        ("end of an epoch", [_dying_after(run.epoch)]),
        ("best weights", [_dying_when_best()]),
        ("twice in one epoch", [_dying_after(run.epoch + 1), _dying_after(run.epoch + 3)]),
        ("before anything was kept, and later", [_dying_after(1), _dying_after(run.epoch + 2)]),
    ]
    kills += [
        (f"system call {step}", [dying_at(step)]) for step in range(1, 60, 20 if quick else 8)
    ]
    for number, (what, strikes) in enumerate(kills[::3] if quick else kills):
        name = f"run-{number}"
        ends = [run.train(name, *(["--resume"] if at else []), prepare=strike).code
                for at, strike in enumerate(strikes)]  # fmt: skip
        if set(ends) == {0}:  # there are no more system calls of the kind
            break
        ended = run.train(name, "--resume")
        same = ended.code == 0 and run.learnt(name) == wanted
        row.check(same and ended.quiet, f"killed at {what} ({ends}): {ended.err[-300:]}")
    if not quick:
        ended = run.train("pooled", workers=2)
        row.check(run.learnt("pooled") == wanted, f"two workers: {ended.err[-300:]}")
    _continued_by_others(row, run, wanted=wanted)
    return row


def _continued_by_others(row: Row, run: _Runs, *, wanted: tuple[object, ...]) -> None:
    """Continue a killed run with another number of processes: same samples, or refused."""
    run.train("shared", prepare=_dying_after(5))
    ended = run.train_in_ranks("shared", 2)
    told = [each.err[-300:] for each in ended if each.code]
    samples, losses = run.samples("shared"), run.log("shared")["loss"]
    row.check(not told and samples == wanted[0], f"two processes, other samples: {told}")
    near = np.allclose(losses, run.log("clean")["loss"], rtol=1e-3, atol=1e-4)
    row.check(near, f"two processes, other losses: {losses}")
    run.train("refused", prepare=_dying_after(5))
    ended = run.train_in_ranks("refused", 3)
    good = all(each.code == 1 and each.quiet for each in ended)
    row.check(good and "cannot share evenly" in ended[0].err, f"three: {ended[0].err[-300:]}")


class _Runs:
    """Training runs in a folder, each with a file of the samples that its steps were shown."""

    def __init__(self, place: Path) -> None:
        self._place = place
        # what is compiled is compiled once, here; forks have it
        changes = {key: str(value) for key, value in {**_SMALL, "run.steps": 1}.items()}
        pools = place / "pools-0"
        train_network("encoder", "tiny", place / "warm", changes=changes, cache=pools, workers=0)
        config = read_train_config("tiny", changes=changes)
        pool = make_or_open_pair_pool(config, pools, workers=0)
        shown = (~pool.held_out_mask(config.data.held_out, config.data.seed)).sum()
        self.epoch = int(shown) // config.run.batch

    def train(
        self, name: str, *more: str, workers: int = 0, prepare: Prepare | None = None
    ) -> Ended:
        """Train, or continue."""
        return self._command(name, *more, workers=workers, prepare=prepare).wait(900)

    def train_in_ranks(self, name: str, world: int) -> list[Ended]:
        """Continue in several processes."""
        join = group_of_ranks(world)
        ranks = [
            self._command(name, "--resume", prepare=lambda: join(rank))  # noqa: B023
            for rank in range(world)
        ]
        return [each.wait(900) for each in ranks]

    def _command(
        self, name: str, *more: str, workers: int = 0, prepare: Prepare | None = None
    ) -> Command:
        out = self._place / name
        asked = ["train", "encoder", "--config", "tiny", "--out", str(out), *more]
        asked += ["--workers", str(workers), "--cache", str(self._place / f"pools-{workers}")]
        for key, value in _SMALL.items():
            asked += ["--set", f"{key}={value}"]

        def begin() -> None:
            _note_samples(self._place / f"{name}.samples")
            if prepare is not None:
                prepare()

        return Command(asked, self._place, prepare=begin)

    def learnt(self, name: str) -> tuple[object, ...]:
        """Return samples, losses and weights of a run, without what the clock says."""
        log = {key: told for key, told in self.log(name).items() if key != _CLOCK}
        weights = (self._place / name / "weights.safetensors").read_bytes()
        return self.samples(name), log, weights

    def log(self, name: str) -> dict[str, list[float]]:
        """Return the log by columns."""
        with (self._place / name / "log.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {key: [float(row[key] or -1) for row in rows] for key in rows[0]}

    def samples(self, name: str) -> dict[int, list[int]]:
        """Return the rows of the pool that each step was shown, by all processes together.

        A step that was done again, as its checkpoint was lost, has to see what it saw before.
        """
        seen: dict[tuple[int, int], set[int]] = {}
        path = self._place / f"{name}.samples"
        for line in path.read_text(encoding="utf-8").splitlines():
            step, place, row = json.loads(line)
            seen.setdefault((step, place), set()).add(row)
        found: dict[int, list[int]] = {}
        for (step, _), rows in sorted(seen.items()):
            found.setdefault(step, []).append(rows.pop() if len(rows) == 1 else -1)
        return found


def _note_samples(path: Path) -> None:
    """Let each step tell the rows that it is shown."""
    inner = RainmerTrainable.make_batch

    def make_batch(self: RainmerTrainable, number: int) -> object:
        part = self._training._part
        rows = self._training.query_rows(number)[part].tolist()
        with path.open("a", encoding="utf-8") as file:
            for place, row in enumerate(rows, start=part.start or 0):
                file.write(json.dumps([number, place, row]) + "\n")
        return inner(self, number)

    RainmerTrainable.make_batch = make_batch  # type: ignore[assignment, method-assign]


def _dying_after(step: int) -> Prepare:
    """Return what kills a run once it has made a step, before anything of it is kept."""

    def prepare() -> None:
        inner = training_loop._Run.make_step

        def make_step(self: training_loop._Run) -> None:
            inner(self)
            if self.state.step == step:
                os.kill(os.getpid(), signal.SIGKILL)

        training_loop._Run.make_step = make_step  # type: ignore[method-assign]

    return prepare


def _dying_when_best() -> Prepare:
    """Return what kills a run when the best weights so far were written, but no checkpoint."""

    def prepare() -> None:
        export = sys.modules["rainmer_analysis.recipes.training.run_weights"].WeightsExport
        inner = export.write_best

        def best(self: object, step: int) -> None:
            inner(self, step)
            os.kill(os.getpid(), signal.SIGKILL)

        export.write_best = best

    return prepare
