from __future__ import annotations

import csv
import itertools
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from rainmer_analysis.errors import ConfigError, FileFormatError, TrainingError
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast import AirNetTrainable, RainmerTrainable
from rainmer_analysis.train.data import Pool
from rainmer_analysis.train.loop import (
    DistributedContext,
    Hooks,
    ParameterGroup,
    load_checkpoint,
    save_checkpoint,
    train,
)
from rainmer_analysis.train.loop.optimiser import learning_rate
from rainmer_analysis.train.restoration import RestorerTrainable

OBJECTIVES = {
    "rainmer": RainmerTrainable,
    "airnet": AirNetTrainable,
    "restorer": RestorerTrainable,
}


def log_of(folder: Path) -> list[dict[str, str]]:
    """Rows of a log without the column of speeds."""
    with (folder / "log.csv").open(newline="", encoding="utf-8") as file:
        return [
            {k: v for k, v in row.items() if k != "images_per_second"}
            for row in csv.DictReader(file)
        ]


class InterruptedRunError(Exception):
    pass


def stop_after(step: int) -> Hooks:
    def progress(done: int, row: object) -> None:
        if done == step:
            raise InterruptedRunError

    return Hooks(progress=progress)


@pytest.mark.parametrize(("kind", "at"), [("rainmer", 3), ("airnet", 4), ("restorer", 3)])
def test_a_resumed_run_equals_one_that_was_not_interrupted(
    kind: str,
    at: int,
    pool: Pool,
    settings: Callable[..., TrainConfig],
    restoring: Callable[..., TrainConfig],
    tmp_path: Path,
) -> None:
    steps = {"steps": 4 if kind == "restorer" else 6, "accumulate": 2 if kind == "airnet" else 1}
    config = restoring(run=steps) if kind == "restorer" else settings(kind, run=steps)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    one = OBJECTIVES[kind](config, pool)
    outcome = train(one, config, whole, identity="x")
    assert (outcome.step, outcome.finished) == (config.run.steps, True)
    with pytest.raises(InterruptedRunError):
        train(OBJECTIVES[kind](config, pool), config, parts, identity="x", hooks=stop_after(at))
    two = OBJECTIVES[kind](config, pool)
    again = train(two, config, parts, identity="x")
    assert (again.best, again.best_step) == (outcome.best, outcome.best_step)
    assert again.best_step > 0
    assert log_of(whole) == log_of(parts)
    first, second = one.module.state_dict(), two.module.state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_truncated_checkpoint_leaves_the_one_before(
    pool: Pool, settings: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    config = settings()
    objective = RainmerTrainable(config, pool)
    train(objective, config, tmp_path, identity="x")
    rows = log_of(tmp_path)
    latest = tmp_path / "checkpoint.pt"
    latest.write_bytes(latest.read_bytes()[:1000])
    state = load_checkpoint(tmp_path)
    assert state is not None
    assert state["state"]["step"] == 4
    again = RainmerTrainable(config, pool)
    train(again, config, tmp_path, identity="x")
    assert log_of(tmp_path) == rows
    expected = objective.module.state_dict()
    assert all(torch.equal(expected[k], v) for k, v in again.module.state_dict().items())


def test_a_flipped_bit_of_a_checkpoint_is_found(tmp_path: Path) -> None:
    """The one before is taken; where there is none, that is told."""
    before, state = {"version": 2, "step": 1}, {"version": 2, "step": 2, "w": torch.arange(3000.0)}
    save_checkpoint(tmp_path, before)
    save_checkpoint(tmp_path, state)
    latest = tmp_path / "checkpoint.pt"
    data = latest.read_bytes()
    for at in range(40, len(data), len(data) // 60):
        latest.write_bytes(data[:at] + bytes([data[at] ^ 8]) + data[at + 1 :])
        found = load_checkpoint(tmp_path)
        assert found is not None
        good = found["step"] == 1 or torch.equal(found["w"], state["w"])
        assert good, f"byte {at} of {len(data)}"
    (tmp_path / "checkpoint-previous.pt").unlink()
    middle = len(data) // 2
    latest.write_bytes(data[:middle] + bytes([data[middle] ^ 8]) + data[middle + 1 :])
    with pytest.raises(FileFormatError, match="no checkpoint"):
        load_checkpoint(tmp_path)


def test_no_whole_checkpoint_is_a_sentence(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path) is None
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing")
    with pytest.raises(FileFormatError, match="no checkpoint"):
        load_checkpoint(tmp_path)


def test_a_full_disk_keeps_the_last_checkpoint(
    settings: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    """A limit on the size of files stands in for the end of the disk."""
    config = settings(run={"steps": 4, "checkpoint_every": 2})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(_: int) -> None:
        half = (tmp_path / "checkpoint.pt").stat().st_size // 2
        resource.setrlimit(resource.RLIMIT_FSIZE, (half, before[1]))

    try:
        with pytest.raises(TrainingError, match="make room on the disk"):
            train(Broken(set()), config, tmp_path, identity="x", hooks=Hooks(on_checkpoint=fill))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    state = load_checkpoint(tmp_path)
    assert state is not None
    assert state["state"]["step"] == 2
    assert not list(tmp_path.glob(".*"))
    assert train(Broken(set()), config, tmp_path, identity="x").finished


def test_what_a_kill_left_half_written_goes(
    settings: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    (tmp_path / ".checkpoint.pt-0123.new").write_bytes(b"half")
    train(Broken(set()), settings(run={"steps": 1}), tmp_path, identity="x")
    assert not list(tmp_path.glob(".*"))


def test_checkpoints_hold_tensors_and_plain_values_only(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, {"version": 2, "bad": {Path("x")}})
    with pytest.raises(FileFormatError):
        load_checkpoint(tmp_path)


def test_a_log_cut_short_is_mended(
    pool: Pool, settings: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    config = settings()
    with pytest.raises(InterruptedRunError):
        train(
            RainmerTrainable(config, pool),
            config,
            tmp_path,
            identity="x",
            hooks=stop_after(5),
        )
    log = tmp_path / "log.csv"
    log.write_bytes(log.read_bytes()[:-9])
    train(RainmerTrainable(config, pool), config, tmp_path, identity="x")
    assert [row["step"] for row in log_of(tmp_path)] == ["1", "2", "3", "4", "5", "6"]


def test_another_request_is_refused(
    pool: Pool, settings: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    config = settings(run={"steps": 2})
    train(RainmerTrainable(config, pool), config, tmp_path, identity="x")
    with pytest.raises(TrainingError, match="another configuration"):
        train(RainmerTrainable(config, pool), config, tmp_path, identity="y")


def test_time_limit_keeps_a_checkpoint(
    pool: Pool, settings: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    config = settings(run={"max_minutes": 1e-5})
    saved: list[int] = []
    outcome = train(
        RainmerTrainable(config, pool),
        config,
        tmp_path,
        identity="x",
        hooks=Hooks(on_checkpoint=saved.append),
    )
    assert (outcome.step, outcome.finished) == (1, False)
    assert saved == [1]
    state = load_checkpoint(tmp_path)
    assert state is not None
    assert state["state"]["step"] == 1


class Line(nn.Linear):
    """A linear model whose loss is not finite at chosen batches."""

    def __init__(self, bad: set[int]) -> None:
        super().__init__(1, 1)
        self._bad = bad

    def forward(self, number: int) -> tuple[Tensor, dict[str, Tensor]]:
        loss = super().forward(torch.ones(1, 1)).square().sum()
        if number in self._bad:
            loss = loss * torch.tensor(float("nan"))
        return loss, {"loss": loss.detach()}


class Broken:
    """What trains a `Line`."""

    queries_per_batch = 1
    number_names = ("loss",)
    criterion = ("loss", -1)
    has_unused_parameters = False

    def __init__(
        self, bad: set[int], *, judged: list[float] | None = None, clip: float = 0.0
    ) -> None:
        self.module = self.network = Line(bad)
        self._judged, self._clip = judged or [], clip

    def parameter_groups(self) -> list[ParameterGroup]:
        return [ParameterGroup(list(self.module.parameters()), 1.0, 0.0, self._clip)]

    def make_batch(self, number: int) -> int:
        return number

    def before_micro_batch(self) -> None:
        pass

    def after_micro_batch(self, is_finite: Tensor) -> None:
        pass

    def validate(self) -> dict[str, float]:
        return {"loss": self._judged.pop(0)} if self._judged else {}

    def render_example_sheet(self) -> None:
        return None


def test_a_step_without_finite_gradients_is_skipped_and_counted(
    settings: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    broken = Broken({1, 4})
    seen: list[Tensor] = []
    config = settings()
    outcome = train(
        broken,
        config,
        tmp_path,
        identity="x",
        hooks=Hooks(progress=lambda *_: seen.append(broken.module.weight.detach().clone())),
    )
    assert outcome.skipped == 2
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[3], seen[4])
    assert not torch.equal(seen[1], seen[2])
    assert torch.isfinite(seen[-1]).all()
    assert [row["skipped"] for row in log_of(tmp_path)] == ["0", "1", "1", "1", "2", "2"]


@pytest.mark.parametrize(
    ("bad", "last"), [(set(range(5, 1000)), 25), (set(range(0, 1000, 10)), 200)]
)
def test_bad_steps_that_pile_up_end_the_run(
    bad: set[int], last: int, settings: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    steps = []
    config = settings(run={"steps": 1000, "checkpoint_every": 1000})
    with pytest.raises(TrainingError, match="not finite"):
        train(
            Broken(bad),
            config,
            tmp_path,
            identity="x",
            hooks=Hooks(progress=lambda step, _: steps.append(step)),
        )
    assert steps[-1] == last - 1


def test_learning_rates(settings: Callable[..., TrainConfig]) -> None:
    cosine = settings(optimiser={"lr": 1.0, "warmup": 4, "final": 0.1}).optimiser
    rates = [learning_rate(step, 104, cosine) for step in range(105)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4] == pytest.approx(1.0)
    assert rates[54] == pytest.approx(0.55)
    assert rates[104] == pytest.approx(0.1)
    assert all(a >= b for a, b in itertools.pairwise(rates[4:]))
    constant = settings(optimiser={"lr": 0.5, "schedule": "constant", "warmup": 0}).optimiser
    assert {learning_rate(step, 10, constant) for step in range(10)} == {0.5}


def test_published_learning_rates_with_restarts(settings: Callable[..., TrainConfig]) -> None:
    rates = {"lr": 3e-4, "warmup": 0, "schedule": "restarts", "periods": [92_000, 208_000]}
    falling = settings(optimiser=rates | {"floors": [1e-4, 1e-6]}).optimiser
    # The published schedule counts two micro-batches a step.
    measured = {
        0: 3e-4,
        92_000: 2e-4,
        184_000: 1e-4,
        184_001: 3.0e-4,
        392_000: 1.505e-4,
        600_000: 1e-6,
    }
    for micro, rate in measured.items():
        found = learning_rate(-(-micro // 2), 300_000, falling)
        assert found == pytest.approx(rate, rel=1e-3)
    steady = settings(optimiser=rates | {"floors": [3e-4, 1e-6]}).optimiser
    assert {learning_rate(step, 1, steady) for step in (0, 1000, 92_000)} == {3e-4}
    assert learning_rate(400_000, 300_000, steady) == 1e-6


def test_the_gradient_is_clipped(settings: Callable[..., TrainConfig], tmp_path: Path) -> None:
    moved = []
    for clip in (0.0, 1e-9):
        torch.manual_seed(0)
        objective = Broken(set(), clip=clip)
        before = objective.module.weight.detach().clone()
        config = settings(run={"steps": 1}, optimiser={"schedule": "constant"})
        folder = tmp_path / str(clip)
        folder.mkdir()
        train(objective, config, folder, identity="x")
        moved.append(float((objective.module.weight.detach() - before).abs()))
    assert moved[1] < 0.2 * moved[0]


def test_the_best_validation_is_told(settings: Callable[..., TrainConfig], tmp_path: Path) -> None:
    config = settings(run={"steps": 5, "validate_every": 1})
    best: list[int] = []
    outcome = train(
        Broken(set(), judged=[3.0, 1.0, 2.0, 0.5, 0.7]),
        config,
        tmp_path,
        identity="x",
        hooks=Hooks(on_best=best.append),
    )
    assert best == [1, 2, 4]
    assert (outcome.best, outcome.best_step) == (0.5, 4)
    assert [row["held_out_loss"] for row in log_of(tmp_path)] == ["3", "1", "2", "0.5", "0.7"]


def test_accumulated_batches_are_one_large_one(
    pool: Pool, restoring: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    """Two micro-batches move the weights by the mean of their gradients."""
    config = restoring(run={"steps": 1, "accumulate": 2}, optimiser={"warmup": 0})
    whole = RestorerTrainable(config, pool)
    for number in range(2):
        loss = whole.module(whole.make_batch(number))[0]
        (loss / 2).backward()
        whole.before_micro_batch()
    expected = {n: p.grad for n, p in whole.network.named_parameters() if p.grad is not None}
    parts = RestorerTrainable(config, pool)
    # The rate of the first step is so small that weights stay, and gradients can be read off.
    config = restoring(run={"steps": 1, "accumulate": 2}, optimiser={"lr": 1e-30, "warmup": 0})
    train(parts, config, tmp_path, identity="x")
    found = {n: p.grad for n, p in parts.network.named_parameters() if p.grad is not None}
    assert set(found) == set(expected)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-6, rtol=1e-3)


def test_a_batch_that_processes_cannot_share_is_refused() -> None:
    assert DistributedContext(rank=1, world=2).local_slice(6) == slice(3, 6)
    with pytest.raises(ConfigError, match="which 2 processes"):
        DistributedContext(rank=0, world=2).local_slice(5)
