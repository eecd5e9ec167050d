"""``train``: a network from a configuration."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from tqdm import tqdm

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options

__all__ = ["train"]

_SECONDS_BETWEEN_LINES = 30.0


@click.group()
def train() -> None:
    """Train a network.

    Several processes that torchrun starts share a run: ``torchrun --nproc-per-node 8 -m
    rainmer_analysis train ...``; the configuration's batch is that of all of them.
    """


def _train_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        options.text_option(
            "--set",
            "Replace one value, such as optimiser.lr=1e-3; may be given again.",
            dest="changes",
            metavar="KEY=VALUE",
            multiple=True,
        ),
        options.workers_option(2, "Processes that make training images.", least=0, metavar=None),
        options.path_option(
            "--cache",
            "DIRECTORY",
            "Folder that keeps training images between runs; 'pools' beside RUN by default.",
            folder=True,
        ),
        click.option(
            "--real",
            type=click.Path(exists=True, file_okay=False),
            help="Folder of real photographs, in place of the configuration's.",
        ),
        click.option("--resume", is_flag=True, help="Continue an unfinished run."),
        options.path_option("--out", "DIRECTORY", "Folder of the run.", folder=True, required=True),
        click.option(
            "--config", required=True, help="TOML file, or the name of a shipped configuration."
        ),
    ):
        command = option(command)
    return command


@train.command("encoder")
@_train_options
@common_options
def train_encoder(common: CommonOptions, **given: Any) -> None:
    """Train Rainmer's encoder (chromatic, degradation and detail views)."""
    _train_and_print("encoder", common, **given)


@train.command("airnet")
@_train_options
@common_options
def train_airnet(common: CommonOptions, **given: Any) -> None:
    """Train AirNet's encoder (momentum contrast against a queue)."""
    _train_and_print("airnet", common, **given)


@train.command("rainmer")
@_train_options
@common_options
def train_rainmer(common: CommonOptions, **given: Any) -> None:
    """Train Rainmer's restorer together with its encoder."""
    _train_and_print("rainmer", common, **given)


def _train_and_print(
    kind: str,
    common: CommonOptions,
    *,
    config: str,
    out: Path,
    changes: tuple[str, ...],
    **given: Any,
) -> None:
    # Imported here: torch would slow down every other command's help.
    from rainmer_analysis.recipes.training import train_network

    replaced = dict(_parse_key_and_value(text) for text in changes)
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
    common.print_result(document, f"{run.folder}: {outcome.step} steps, {state}")


def _parse_key_and_value(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise click.UsageError(f"--set takes KEY=VALUE, but was given {text!r}")
    return key.strip(), value.strip()


class _TrainingProgress:
    """A bar on a terminal; elsewhere a line every half minute, with the rate and what is left."""

    def __init__(self, common: CommonOptions) -> None:
        self._common = common
        self._bar: Any = None
        self._printed = time.monotonic()
        self._start: tuple[float, int] | None = None  # time and number of the first step

    def __enter__(self) -> _TrainingProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, step: int, steps: int, row: Mapping[str, float]) -> None:
        loss = f"loss {row['loss']:.4f}" if "loss" in row else ""
        now = time.monotonic()
        since, first = self._start = self._start or (now, step)
        if self._common.shows_bars:
            if self._bar is None:
                self._bar = tqdm(total=steps, initial=step - 1, unit="step")
            self._bar.update(step - self._bar.n)
            self._bar.set_postfix_str(loss, refresh=False)
        elif now - self._printed > _SECONDS_BETWEEN_LINES and step > first:
            self._printed = now
            rate = (step - first) / (now - since)
            left = tqdm.format_interval((steps - step) / rate)
            self._common.print_note(
                f"step {step} of {steps} {loss}, {rate:.3g} a second, {left} left"
            )
