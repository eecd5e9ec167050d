"""A pool of images and a configuration make weights, resumable at any step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rainmer_analysis.errors import ConfigError, OutputExistsError
from rainmer_analysis.model.checkpoint import load_weights, save_weights
from rainmer_analysis.recipes.training.pool import make_pool
from rainmer_analysis.train import (
    AirNetObjective,
    Outcome,
    Pool,
    RainmerObjective,
    TrainConfig,
    as_toml,
    model_card,
    read_config,
    train,
)
from rainmer_analysis.values import digest, write_atomically

__all__ = ["TrainingRun", "train_encoder"]

_CONFIG, _WEIGHTS, _CARD, _LOGFILE = "config.toml", "weights.safetensors", "card.md", "log.csv"
_FILES = (_CONFIG, _WEIGHTS, _CARD, _LOGFILE, "checkpoint.pt", "checkpoint-previous.pt")


@dataclass(frozen=True)
class TrainingRun:
    """What a run left: its folder, how far it came, the identity of its weights."""

    folder: Path
    outcome: Outcome
    weights_sha256: str


def train_encoder(
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
    """Train an encoder by a configuration.

    Parameters
    ----------
    kind
        ``"rainmer"`` or ``"airnet"``; has to be the configuration's.
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

    Raises
    ------
    ConfigError, SourceError, OutputExistsError, TrainingError
        See their sentences.
    """
    replaced = dict(changes or {})
    if real is not None:
        replaced["data.real"] = as_toml_text(str(real))
    settings = read_config(config, changes=replaced)
    if settings.encoder != kind:
        raise ConfigError(
            f"the configuration trains {settings.encoder!r}, but {kind!r} was asked for; "
            "use the other command or another file"
        )
    folder = Path(out)
    _claim(folder, settings, resume=resume, overwrite=overwrite)
    pool = make_pool(settings, Path(cache) if cache else folder.parent / "pools", workers=workers)
    objective = (RainmerObjective if kind == "rainmer" else AirNetObjective)(settings, pool)
    identity = _identity(settings, pool, _start(objective, settings))

    def export(step: int) -> None:
        about = {"name": settings.name, "steps": str(step), "seed": str(settings.seed)}
        save_weights(
            objective.encoder, folder / _WEIGHTS, kind=kind, metadata=about, overwrite=True
        )

    outcome = train(
        objective,
        settings,
        folder,
        identity=identity,
        progress=None if progress is None else lambda n, row: progress(n, settings.run.steps, row),
        on_checkpoint=export,
    )
    if not (folder / _WEIGHTS).exists():
        export(outcome.step)
    sha256 = load_weights(folder / _WEIGHTS).sha256
    notes = {"Real photographs": settings.data.real or "none"}
    card = model_card(settings, pool, outcome, log=folder / _LOGFILE, sha256=sha256, notes=notes)
    _write(folder / _CARD, card)
    return TrainingRun(folder, outcome, sha256)


def as_toml_text(text: str) -> str:
    """Write a text as a TOML value."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _claim(folder: Path, config: TrainConfig, *, resume: bool, overwrite: bool) -> None:
    """Take a folder for this run, or refuse."""
    standing = [name for name in _FILES if (folder / name).exists()]
    if standing and overwrite and not resume:
        for name in standing:
            (folder / name).unlink()
        standing = []
    if standing and not resume:
        raise OutputExistsError(
            f"a run already lies in {folder}; add --resume to continue it, --overwrite to start "
            "again, or give another folder"
        )
    _write(folder / _CONFIG, as_toml(config))


def _start(objective: RainmerObjective | AirNetObjective, config: TrainConfig) -> str:
    """Put the weights to start from, if any, into both encoders; give their identity."""
    if not config.model.start:
        return ""
    weights = load_weights(config.model.start)
    own = getattr(config.model, config.encoder)
    if weights.kind != config.encoder or weights.config != own:
        raise ConfigError(
            f"model.start names weights of {weights.kind} with {weights.config}, but the "
            f"configuration trains {config.encoder} with {own}; give weights of the same network"
        )
    objective.module.query.load_state_dict(weights.state)
    objective.module.key.load_state_dict(weights.state)
    return weights.sha256


def _identity(config: TrainConfig, pool: Pool, start: str) -> str:
    """Digest what decides the weights of a run at a step; how long it lasts does not."""
    run: dict[str, int | str] = {"batch": config.run.batch, "precision": config.run.precision}
    if config.optimiser.schedule != "constant":
        run["steps"] = config.run.steps
    parts = {
        "encoder": config.encoder,
        "seed": config.seed,
        "model": {"width": config.model.width} | ({"start": start} if start else {}),
        "objective": config.objective,
        "optimiser": config.optimiser,
        "held_out": config.data.held_out,
        "pool": pool.digest,
        "run": run,
    }
    return digest(parts)


def _write(path: Path, text: str) -> None:
    write_atomically(path, lambda temporary: _put(temporary, text))


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
