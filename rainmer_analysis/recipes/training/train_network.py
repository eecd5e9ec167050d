"""A pool of images and a configuration make weights, resumable at any step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rainmer_analysis.errors import ConfigError, OutputExistsError
from rainmer_analysis.model import load_restorer, load_weights, save_weights
from rainmer_analysis.recipes.training.configured_weights import resolve_dataset_weights
from rainmer_analysis.recipes.training.make_crossed_pool import make_crossed_pool
from rainmer_analysis.recipes.training.make_pool import make_pool
from rainmer_analysis.train import (
    CHECKPOINTS,
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
    as_toml,
    init_distributed,
    model_card,
    read_config,
    train,
)
from rainmer_analysis.values import digest, holding, lock_of, write_atomically

__all__ = ["TrainingRun", "train_network"]

_CONFIG, _WEIGHTS, _CARD, _LOGFILE = "config.toml", "weights.safetensors", "card.md", "log.csv"
_FILES = (_CONFIG, _WEIGHTS, _CARD, _LOGFILE, *CHECKPOINTS)
# Sheets and curves of a run, which go with it when another takes its place.
_SHOWN = ("examples/step-*.png", "tensorboard/events.out.tfevents.*")
_TRAINABLES: dict[str, type[RainmerTrainable | AirNetTrainable | RestorerTrainable]] = {
    "encoder": RainmerTrainable,
    "airnet": AirNetTrainable,
    "rainmer": RestorerTrainable,
}
# What the file of weights calls each of them.
_KINDS = {"encoder": "rainmer", "airnet": "airnet", "rainmer": "restorer"}

_Trainable = RainmerTrainable | AirNetTrainable | RestorerTrainable | CrossedTrainable


@dataclass(frozen=True)
class TrainingRun:
    """What a run left: its folder, how far it came, the identity of its weights.

    ``is_main_process`` tells, of several processes that share a run, which one speaks for all.
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
    replaced = dict(changes or {})
    if real is not None:
        replaced["data.real"] = as_toml_text(str(real))
    settings = resolve_dataset_weights(read_config(config, changes=replaced))
    if settings.trains != kind:
        raise ConfigError(
            f"the configuration trains {settings.trains!r}, but {kind!r} was asked for; "
            "use the other command or another file"
        )
    folder = Path(out)
    pools = Path(cache) if cache else folder.parent / "pools"
    with init_distributed(settings.run.device) as place, ExitStack() as held:
        if place.is_main_process:
            held.enter_context(holding(lock_of(folder)))
            _claim_folder(folder, may_stand=resume or overwrite)
            pool = _make_pool(settings, pools, workers)
        place.barrier()
        if not place.is_main_process:  # it opens what the first has made
            pool = _make_pool(settings, pools, workers)
        fresh = overwrite and not resume
        return _train_in_folder(settings, pool, folder, fresh=fresh, place=place, progress=progress)


def _make_pool(config: TrainConfig, cache: Path, workers: int) -> Pool | CrossedPool:
    make = make_crossed_pool if config.is_crossed else make_pool
    return make(config, cache, workers=workers)


def _make_objective(
    config: TrainConfig, pool: Pool | CrossedPool, place: DistributedContext
) -> _Trainable:
    if isinstance(pool, CrossedPool):
        return CrossedTrainable(config, pool, place)
    return _TRAINABLES[config.trains](config, pool, place)


def _train_in_folder(
    settings: TrainConfig,
    pool: Pool | CrossedPool,
    folder: Path,
    *,
    fresh: bool,
    place: DistributedContext,
    progress: Callable[[int, int, Mapping[str, float]], None] | None,
) -> TrainingRun:
    objective = _make_objective(settings, pool, place)
    start = _load_start_weights(objective, settings)
    export = _WeightsExport(objective, settings, folder, pool=pool)
    hooks = Hooks(
        on_start=lambda: _write(folder / _CONFIG, as_toml(settings)),
        on_checkpoint=export.checkpoint,
        on_best=export.best,
        **({} if progress is None else {"progress": _with_total(progress, settings.run.steps)}),
    )
    identity = _run_digest(settings, pool, start)
    if fresh and place.is_main_process:  # not before images and weights to start from were found
        _remove_run(folder)
    place.barrier()
    outcome = train(objective, settings, folder, identity=identity, hooks=hooks, place=place)
    place.barrier()
    sha256, kept = _read_kept_weights(folder / _WEIGHTS, settings)
    if place.is_main_process:
        notes = {"Real photographs": settings.data.real or "none"}
        if start:
            notes["Encoder started from (SHA-256)"] = start
        log = folder / _LOGFILE
        card = model_card(
            settings,
            pool,
            outcome,
            log=log,
            sha256=sha256,
            kept=kept,
            notes=notes,
            place=place,
        )
        _write(folder / _CARD, card)
    return TrainingRun(folder, outcome, sha256, place.is_main_process)


def _with_total(
    progress: Callable[[int, int, Mapping[str, float]], None], steps: int
) -> Callable[[int, Mapping[str, float]], None]:
    return lambda done, row: progress(done, steps, row)


class _WeightsExport:
    """Writes the weights that a run leaves: the best of its validations, until then the last."""

    def __init__(
        self, objective: _Trainable, config: TrainConfig, folder: Path, *, pool: Pool | CrossedPool
    ) -> None:
        self._objective, self._config, self._folder = objective, config, folder
        self._judged = bool(pool.held_out(config.data.held_out, config.data.seed).any())

    def best(self, step: int) -> None:
        self._save(step)

    def checkpoint(self, step: int) -> None:
        if not self._judged or not (self._folder / _WEIGHTS).exists():
            self._save(step)

    def _save(self, step: int) -> None:
        config = self._config
        save_weights(
            self._objective.network,
            self._folder / _WEIGHTS,
            kind=_KINDS[config.trains],
            metadata={"name": config.name, "steps": str(step), "seed": str(config.seed)},
            overwrite=True,
        )


def _read_kept_weights(path: Path, config: TrainConfig) -> tuple[str, int]:
    """Read the weights that were written: their identity, and the step that they are of."""
    weights = load_restorer(path) if config.restores else load_weights(path)
    return weights.sha256, int(weights.metadata["steps"])


def as_toml_text(text: str) -> str:
    """Write a text as a TOML value."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _claim_folder(folder: Path, *, may_stand: bool) -> None:
    """Take a folder for this run, or refuse; what lies there is left as it is."""
    if not may_stand and any((folder / name).exists() for name in _FILES):
        raise OutputExistsError(
            f"a run already lies in {folder}; add --resume (resume=True in Python) to continue it, "
            "--overwrite (overwrite=True) to start again, or give another folder"
        )
    # The configuration is written once images and checkpoint were found to fit, so that a request
    # that fails before leaves nothing that looks like a run.
    folder.mkdir(parents=True, exist_ok=True)


def _remove_run(folder: Path) -> None:
    """Remove the run that lies in a folder."""
    for pattern in (*_FILES, *_SHOWN):
        for file in folder.glob(pattern):
            file.unlink()


def _load_start_weights(objective: _Trainable, config: TrainConfig) -> str:
    """Put the encoder to start from, if any, into both encoders; give its identity."""
    if not config.model.start:
        return ""
    weights = load_weights(config.model.start)
    own = getattr(config.model, config.encoder)
    if weights.kind != config.encoder or weights.config != own:
        raise ConfigError(
            f"model.start names weights of {weights.kind} with {weights.config}, but the "
            f"configuration trains {config.encoder} with {own}; give weights of the same network"
        )
    for encoder in objective.encoders:
        encoder.load_state_dict(weights.state)
    return weights.sha256


def _run_digest(config: TrainConfig, pool: Pool | CrossedPool, start: str) -> str:
    """Digest what decides the weights of a run at a step; how long it lasts does not."""
    run: dict[str, int | str] = {
        "batch": config.run.batch,
        "accumulate": config.run.accumulate,
        "precision": config.run.precision,
    }
    if config.optimiser.schedule == "cosine":
        run["steps"] = config.run.steps
    parts = {
        "trains": config.trains,
        "seed": config.seed,
        "model": {"width": config.model.width} | ({"start": start} if start else {}),
        "objective": config.objective,
        "optimiser": config.optimiser,
        "restorer": config.restorer,
        "sampling": [config.data.sampling, dict(config.data.weights)],
        "held_out": config.data.held_out,
        "pool": pool.digest,
        "run": run,
    }
    if config.is_crossed:
        parts["crossed"] = config.crossed
    return digest(parts)


def _write(path: Path, text: str) -> None:
    write_atomically(path, lambda temporary: _write_utf8(temporary, text))


def _write_utf8(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
