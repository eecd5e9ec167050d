"""A pool of images and a configuration make weights, resumable at any step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rainmer_analysis.recipes.training.make_or_open_training_pool import make_or_open_training_pool
from rainmer_analysis.recipes.training.run_folder import (
    CARD,
    CONFIG,
    LOG,
    WEIGHTS,
    lock_run_folder,
    remove_run_files,
)
from rainmer_analysis.recipes.training.run_settings import read_run_settings, run_digest
from rainmer_analysis.recipes.training.run_weights import (
    WeightsExport,
    load_start_weights,
    read_exported_sha256_and_step,
)
from rainmer_analysis.train import (
    AirNetTrainable,
    CrossedPool,
    CrossedTrainable,
    DistributedContext,
    Hooks,
    Outcome,
    Pool,
    RainmerTrainable,
    RestorerTrainable,
    TrainConfig,
    config_as_toml,
    init_distributed,
    model_card_markdown,
    train,
)
from rainmer_analysis.values import write_text

__all__ = ["TrainingRun", "train_network"]

_TRAINABLES: dict[str, type[RainmerTrainable | AirNetTrainable | RestorerTrainable]] = {
    "encoder": RainmerTrainable,
    "airnet": AirNetTrainable,
    "rainmer": RestorerTrainable,
}

_Trainable = RainmerTrainable | AirNetTrainable | RestorerTrainable | CrossedTrainable


@dataclass(frozen=True)
class TrainingRun:
    """What a run left: its folder, how far it came, the identity of its weights.

    ``is_main_process`` is true for one of several processes that share a run, which reports.
    """

    folder: Path
    outcome: Outcome
    weights_sha256: str
    is_main_process: bool = True


def train_network(
    kind: str,
    config: str | Path,
    out: str | Path,
    *,
    changes: Mapping[str, str] | None = None,
    real: str | Path | None = None,
    cache: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    workers: int = 2,
    progress: Callable[[int, int, Mapping[str, float]], None] | None = None,
) -> TrainingRun:
    """Train a network by a configuration.

    Started by ``torchrun`` in several processes, they share the run, and rank 0 writes.

    Parameters
    ----------
    kind
        ``"encoder"``, ``"airnet"`` or ``"rainmer"`` (encoder and restorer); has to be what the
        configuration trains.
    config
        TOML file or name of a shipped configuration.
    out
        Folder of the run: config.toml, log.csv, checkpoints, weights.safetensors, card.md.
    changes
        Dotted keys and values that replace the configuration's.
    real
        Folder of real photographs, in place of the configuration's ``data.real``.
    cache
        Folder that keeps pools of training images; by default ``pools`` beside `out`.
    resume
        Continue an unfinished run.
    overwrite
        Start again where a run already lies.
    workers
        Processes that make training images; 0 makes them in this one.
    progress
        Called after each step with step, number of steps and the last row of the log.

    Returns
    -------
    The run. Its weights are those of the best validation, or the last ones where no scene is held
    out.

    Raises
    ------
    ConfigError, SourceError, OutputExistsError, OutputInUseError, TrainingError
        See their sentences.
    """
    settings = read_run_settings(kind, config, changes=changes, real=real)
    folder = Path(out)
    pools = Path(cache) if cache else folder.parent / "pools"
    with init_distributed(settings.run.device) as context, ExitStack() as held:
        if context.is_main_process:
            held.enter_context(lock_run_folder(folder, allow_existing=resume or overwrite))
            pool = make_or_open_training_pool(settings, pools, workers)
        context.barrier()
        if not context.is_main_process:  # it opens what the first has made
            pool = make_or_open_training_pool(settings, pools, workers)
        fresh = overwrite and not resume
        return _train_in_folder(
            settings, pool, folder, fresh=fresh, context=context, progress=progress
        )


def _make_trainable(
    config: TrainConfig, pool: Pool | CrossedPool, context: DistributedContext
) -> _Trainable:
    if isinstance(pool, CrossedPool):
        return CrossedTrainable(config, pool, context)
    return _TRAINABLES[config.trained_network](config, pool, context)


def _train_in_folder(
    settings: TrainConfig,
    pool: Pool | CrossedPool,
    folder: Path,
    *,
    fresh: bool,
    context: DistributedContext,
    progress: Callable[[int, int, Mapping[str, float]], None] | None,
) -> TrainingRun:
    trainable = _make_trainable(settings, pool, context)
    started = load_start_weights(trainable, settings)
    export = WeightsExport(trainable, settings, folder, pool=pool)
    hooks = Hooks(
        on_start=lambda: write_text(folder / CONFIG, config_as_toml(settings)),
        on_checkpoint=export.write_unless_validated,
        on_best=export.write_best,
        **(
            {}
            if progress is None
            else {"progress": _progress_with_total(progress, settings.run.steps)}
        ),
    )
    identity = run_digest(settings, pool, started)
    if fresh and context.is_main_process:  # not before images and weights to start from were found
        remove_run_files(folder)
    context.barrier()
    outcome = train(trainable, settings, folder, identity=identity, hooks=hooks, context=context)
    context.barrier()
    sha256, kept = read_exported_sha256_and_step(folder / WEIGHTS, settings)
    if context.is_main_process:
        notes = {"Real photographs": settings.data.real or "none"}
        for network, start in started.items():
            notes[f"{network.capitalize()} started from (SHA-256)"] = start
        log = folder / LOG
        card = model_card_markdown(
            settings, pool, outcome, log=log, sha256=sha256, kept=kept, notes=notes, context=context
        )
        write_text(folder / CARD, card)
    return TrainingRun(folder, outcome, sha256, context.is_main_process)


def _progress_with_total(
    progress: Callable[[int, int, Mapping[str, float]], None], steps: int
) -> Callable[[int, Mapping[str, float]], None]:
    return lambda done, row: progress(done, steps, row)
