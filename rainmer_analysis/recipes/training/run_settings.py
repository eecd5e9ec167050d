"""The settings of a training run: read, resolved, checked, and digested."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rainmer_analysis.errors import ConfigError
from rainmer_analysis.recipes.training.configured_weights import resolve_dataset_weights
from rainmer_analysis.train import CrossedPool, Pool, TrainConfig, read_config
from rainmer_analysis.values import digest

__all__ = ["read_settings", "run_digest"]


def read_settings(
    kind: str,
    config: str | Path,
    *,
    changes: Mapping[str, str] | None,
    real: str | Path | None,
) -> TrainConfig:
    """Read a configuration that trains `kind`, with replaced values; see `train_network`.

    Raises
    ------
    ConfigError
        It cannot be read, or trains something else.
    """
    replaced = dict(changes or {})
    if real is not None:
        replaced["data.real"] = _as_toml_text(str(real))
    settings = resolve_dataset_weights(read_config(config, changes=replaced))
    if settings.trains != kind:
        raise ConfigError(
            f"the configuration trains {settings.trains!r}, but {kind!r} was asked for; "
            "use the other command or another file"
        )
    return settings


def _as_toml_text(text: str) -> str:
    """Write a text as a TOML value."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def run_digest(config: TrainConfig, pool: Pool | CrossedPool, start: str) -> str:
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
