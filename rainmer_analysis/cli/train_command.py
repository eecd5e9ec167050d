"""``train``: a network from a configuration."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import click
from click.core import ParameterSource
from tqdm import tqdm

from rainmer_analysis.cli.options import CommonOptions, common_options

__all__ = ["train"]

_EVERY_SECONDS = 30.0


@click.group()
def train() -> None:
    """Train a network.

    Several processes that torchrun starts share a run: ``torchrun --nproc-per-node 8 -m
    rainmer_analysis train ...``; the configuration's batch is that of all of them.
    """


def _train_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--set",
            "changes",
            multiple=True,
            metavar="KEY=VALUE",
            help="Replace one value, such as optimiser.lr=1e-3; may be given again.",
        ),
        click.option(
            "--workers",
            type=click.IntRange(0),
            default=2,
            show_default=True,
            help="Processes that make training images.",
        ),
        click.option(
            "--cache",
            type=click.Path(file_okay=False),
            help="Folder that keeps training images between runs; 'pools' beside RUN by default.",
        ),
        click.option(
            "--real",
            type=click.Path(exists=True, file_okay=False),
            help="Folder of real photographs, in place of the configuration's.",
        ),
        click.option("--resume", is_flag=True, help="Continue an unfinished run."),
        click.option(
            "--out", required=True, type=click.Path(file_okay=False), help="Folder of the run."
        ),
        click.option(
            "--config", required=True, help="TOML file, or the name of a shipped configuration."
        ),
    ):
        command = option(command)
    return command


@train.command()
@_train_options
@common_options
def encoder(common: CommonOptions, **given: Any) -> None:
    """Train Rainmer's encoder (chromatic, degradation and detail views)."""
    _train_and_print("encoder", common, **given)


@train.command()
@_train_options
@common_options
def airnet(common: CommonOptions, **given: Any) -> None:
    """Train AirNet's encoder (momentum contrast against a queue)."""
    _train_and_print("airnet", common, **given)


@train.command()
@_train_options
@common_options
def rainmer(common: CommonOptions, **given: Any) -> None:
    """Train Rainmer's restorer together with its encoder."""
    _train_and_print("rainmer", common, **given)


def _train_and_print(
    kind: str,
    common: CommonOptions,
    *,
    config: str,
    out: str,
    changes: tuple[str, ...],
    **given: Any,
) -> None:
    # Imported here: torch would slow down every other command's help.
    from rainmer_analysis.recipes.training import train_network

    replaced = dict(_parse_change(text) for text in changes)
    source = click.get_current_context().get_parameter_source("seed")
    if source is ParameterSource.COMMANDLINE:
        replaced["seed"] = str(common.seed)
    with _TrainingProgress(common) as progress:
        run = train_network(
            kind,
            config,
            out,
            changes=replaced,
            overwrite=common.overwrite,
            progress=progress,
            **given,
        )
    if not run.is_main_process:
        return
    outcome = run.outcome
    document = {
        "run": str(run.folder),
        "step": outcome.step,
        "finished": outcome.finished,
        "skipped": outcome.skipped,
        "seconds": round(outcome.seconds, 1),
        "weights_sha256": run.weights_sha256,
    }
    state = "finished" if outcome.finished else "stopped by its time limit; add --resume to go on"
    common.result(document, f"{run.folder}: {outcome.step} steps, {state}")


def _parse_change(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise click.UsageError(f"--set takes KEY=VALUE, but was given {text!r}")
    return key.strip(), value.strip()


class _TrainingProgress:
    """A bar on a terminal; elsewhere a line every half minute, with the rate and what is left."""

    def __init__(self, common: CommonOptions) -> None:
        self._common = common
        self._bar: Any = None
        self._spoken = time.monotonic()
        self._start: tuple[float, int] | None = None  # time and number of the first step heard of

    def __enter__(self) -> _TrainingProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, step: int, steps: int, row: Mapping[str, float]) -> None:
        loss = f"loss {row['loss']:.4f}" if "loss" in row else ""
        now = time.monotonic()
        since, first = self._start = self._start or (now, step)
        if self._common.bars:
            if self._bar is None:
                self._bar = tqdm(total=steps, initial=step - 1, unit="step")
            self._bar.update(step - self._bar.n)
            self._bar.set_postfix_str(loss, refresh=False)
        elif now - self._spoken > _EVERY_SECONDS and step > first:
            self._spoken = now
            rate = (step - first) / (now - since)
            left = tqdm.format_interval((steps - step) / rate)
            self._common.note(f"step {step} of {steps} {loss}, {rate:.3g} a second, {left} left")
