"""The training loop: one process, resumable at any step.

Everything random is a function of seed and step (order of images, augmentation, mined archive),
so a checkpoint holds what is left: weights, momentum copy, queue, optimiser, step. A float32 run
on a CPU that is interrupted and continued gives the same weights, to the bit, as one that is
not.

Non-finite gradients. Under bfloat16 autocast a step can, rarely, give gradients that are not
finite. Such a step changes no weight; it is counted in the log, and training stops when they
pile up.
"""

from __future__ import annotations

import csv
import io
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from rainmer_analysis.errors import FileFormatError, TrainingError
from rainmer_analysis.train.config import OptimiserConfig, TrainConfig
from rainmer_analysis.values.archive import write_atomically

__all__ = ["Objective", "Outcome", "learning_rate", "load_state", "save_state", "train"]

_LOG = logging.getLogger(__name__)
_VERSION = 1
_LATEST, _PREVIOUS = "checkpoint.pt", "checkpoint-previous.pt"
_IN_A_ROW, _SHARE, _SHARE_FROM = 20, 0.05, 200


class Objective(Protocol):
    """What can be trained."""

    @property
    def module(self) -> nn.Module:
        """All that has weights or memory: what a checkpoint holds."""

    @property
    def images_per_step(self) -> int:
        """Queries that a step looks at."""

    @property
    def encoder(self) -> nn.Module:
        """The network whose parameters are optimised."""

    def losses(self, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Give the loss of a step, with gradient, and named numbers for the log."""

    def validate(self) -> dict[str, float]:
        """Give the same numbers on held-out images, changing nothing."""


@dataclass(frozen=True)
class Outcome:
    """How a call of `train` ended: the step reached, whether it is the last, and totals."""

    step: int
    finished: bool
    skipped: int
    seconds: float


@dataclass
class _State:
    """Numbers that change from step to step, beside weights and optimiser."""

    step: int = 0
    skipped: int = 0
    in_a_row: int = 0
    seconds: float = 0.0


def learning_rate(step: int, steps: int, config: OptimiserConfig) -> float:
    """Give the learning rate of a step, counted from 0, of `steps`."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    if config.schedule == "constant":
        return config.lr
    done = (step - config.warmup) / max(1, steps - config.warmup)
    low = config.lr * config.final
    return low + (config.lr - low) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def save_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint beside the previous one, which is kept."""
    latest = folder / _LATEST
    write_atomically(folder / (_LATEST + ".new"), lambda path: torch.save(dict(state), path))
    if latest.exists():
        latest.replace(folder / _PREVIOUS)
    (folder / (_LATEST + ".new")).replace(latest)


def load_state(folder: Path) -> dict[str, Any] | None:
    """Read the newest whole checkpoint of a run, or None if it has none.

    Raises
    ------
    FileFormatError
        There are checkpoints, but none can be read.
    """
    files = [folder / name for name in (_LATEST, _PREVIOUS) if (folder / name).exists()]
    for file in files:
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:
            _LOG.warning("%s is damaged and left aside (%s)", file, type(error).__name__)
            continue
        if isinstance(state, dict) and state.get("version") == _VERSION:
            return state
        _LOG.warning("%s is no checkpoint of this version and left aside", file)
    if files:
        raise FileFormatError(
            f"no checkpoint in {folder} can be read; start again in another folder"
        )
    return None


class _Log:
    """log.csv: one row per logged step, the step first, means since the last row."""

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        self._columns: list[str] = []
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.reader(file))
            # Rows after the checkpoint will come again; a kill may have cut the last one short.
            kept = [r for r in rows[1:] if len(r) == len(rows[0]) and int(r[0]) <= step]
            self._columns = rows[0] if rows and kept else []
            lines = [self._columns, *kept] if kept else []
            text = "".join(_line(row) for row in lines)
            write_atomically(path, lambda temporary: _put(temporary, text))

    def write(self, row: Mapping[str, float | int]) -> None:
        with self._path.open("a", newline="", encoding="utf-8") as file:
            if not self._columns:
                self._columns = list(row)
                file.write(_line(self._columns))
            file.write(_line([_text(row[name]) for name in self._columns]))


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _text(value: float) -> str:
    if math.isnan(value):
        return ""
    return str(value) if isinstance(value, int) else f"{value:.7g}"


def _line(row: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(row)
    return buffer.getvalue()


def train(
    objective: Objective,
    config: TrainConfig,
    folder: Path,
    *,
    identity: str,
    progress: Callable[[int, Mapping[str, float]], None] | None = None,
    on_checkpoint: Callable[[int], None] | None = None,
) -> Outcome:
    """Train until the last step, or until the time is up; continue what the folder holds.

    Parameters
    ----------
    objective
        What to optimise.
    config
        Steps, optimiser, intervals.
    folder
        Exists; receives ``checkpoint.pt``, ``checkpoint-previous.pt`` and ``log.csv``.
    identity
        Digest of all that decides the result; a checkpoint with another one is refused.
    progress
        Called after each step with the number of steps done and the numbers of the last log row.
    on_checkpoint
        Called after each checkpoint with the number of steps done.

    Raises
    ------
    TrainingError
        The checkpoint belongs to another run, or non-finite gradients pile up.
    """
    torch.set_num_threads(config.run.threads)
    run = _Run(objective, config, folder, identity)
    run.restore()
    started = time.perf_counter()
    limit = config.run.max_minutes * 60 or math.inf
    while run.state.step < config.run.steps and time.perf_counter() - started < limit:
        run.advance()
        step, last = run.state.step, run.state.step == config.run.steps
        run.note()
        if progress is not None:
            progress(step, run.row)
        if step % config.run.checkpoint_every == 0 or last:
            run.save()
            if on_checkpoint is not None:
                on_checkpoint(step)
    if run.unsaved:
        run.save()
        if on_checkpoint is not None:
            on_checkpoint(run.state.step)
    state = run.state
    return Outcome(state.step, state.step >= config.run.steps, state.skipped, state.seconds)


class _Run:
    def __init__(
        self, objective: Objective, config: TrainConfig, folder: Path, identity: str
    ) -> None:
        self.objective, self.config = objective, config
        self.folder, self.identity = folder, identity
        self.state = _State()
        self.sums: dict[str, float] = {}
        self.row: dict[str, float] = {}
        self.unsaved = False
        self._parameters = [p for p in objective.encoder.parameters() if p.requires_grad]
        rates = config.optimiser
        self.optimiser = torch.optim.AdamW(
            self._parameters,
            lr=rates.lr,
            betas=(rates.beta1, rates.beta2),
            weight_decay=rates.weight_decay,
        )
        self._clock = time.perf_counter()

    def restore(self) -> None:
        found = load_state(self.folder)
        if found is not None:
            if found["identity"] != self.identity:
                raise TrainingError(
                    f"the checkpoint in {self.folder} belongs to another configuration or other "
                    "images; use the ones it was started with, or another folder"
                )
            self.objective.module.load_state_dict(found["module"])
            self.optimiser.load_state_dict(found["optimiser"])
            self.state = _State(**found["state"])
            self.sums = found["sums"]
        self._log = _Log(self.folder / "log.csv", self.state.step)
        self._clock = time.perf_counter()

    def save(self) -> None:
        save_state(
            self.folder,
            {
                "version": _VERSION,
                "identity": self.identity,
                "module": self.objective.module.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "state": vars(self.state),
                "sums": self.sums,
            },
        )
        self.unsaved = False

    def advance(self) -> None:
        """Make one step; weights stay as they are when a gradient is not finite."""
        began = time.perf_counter()
        rate = learning_rate(self.state.step, self.config.run.steps, self.config.optimiser)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss, numbers = self.objective.losses(self.state.step)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.get_total_norm([p.grad for p in self._parameters if p.grad is not None])
        if bool(torch.isfinite(norm)):
            if self.config.optimiser.clip > 0:
                nn.utils.clip_grads_with_norm_(self._parameters, self.config.optimiser.clip, norm)
            self.optimiser.step()
            self.state.in_a_row = 0
            self._add({**numbers, "gradient_norm": norm})
        else:
            self.state.skipped += 1
            self.state.in_a_row += 1
        self.state.step += 1
        self.state.seconds += time.perf_counter() - began
        self.unsaved = True
        self._stop_if_hopeless()

    def _add(self, numbers: Mapping[str, Tensor]) -> None:
        for key, value in numbers.items():
            self.sums[key] = self.sums.get(key, 0.0) + float(value)
        self.sums["count"] = self.sums.get("count", 0.0) + 1

    def _stop_if_hopeless(self) -> None:
        state = self.state
        many = state.step >= _SHARE_FROM and state.skipped > _SHARE * state.step
        if state.in_a_row >= _IN_A_ROW or many:
            raise TrainingError(
                f"gradients were not finite in {state.in_a_row} steps in a row and in "
                f"{state.skipped} of {state.step} steps; lower optimiser.lr, or set "
                'run.precision to "float32"'
            )

    def note(self) -> None:
        """Write a row of the log when it is time, with a validation when it is time for that."""
        run, step = self.config.run, self.state.step
        last = step == run.steps
        if step % run.log_every and not last:
            return
        now = time.perf_counter()
        steps = run.log_every if step % run.log_every == 0 else step % run.log_every
        speed = steps * self.objective.images_per_step / max(now - self._clock, 1e-9)
        count = max(1.0, self.sums.pop("count", 0.0))
        row: dict[str, float] = {"step": step}
        row.update({key: value / count for key, value in self.sums.items()})
        row["learning_rate"] = self.optimiser.param_groups[0]["lr"]
        row["skipped"] = self.state.skipped
        row["images_per_second"] = speed
        due = step % run.validate_every == 0 or last
        held_out = self.objective.validate() if due else {}
        names = [key for key in self.sums if key != "gradient_norm"]
        row.update({f"held_out_{key}": held_out.get(key, math.nan) for key in names})
        if self.sums:
            self._log.write(row)
        self.row, self.sums = row, {}
        self._clock = time.perf_counter()
