"""The settings of a training run: read, resolved, checked, and digested."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path

from rainmer_analysis.errors import ConfigError
from rainmer_analysis.images import find_datasets
from rainmer_analysis.images.datasets.manifest_text import toml_quoted
from rainmer_analysis.train import CrossedPool, Pool, TrainConfig, read_train_config
from rainmer_analysis.values import digest

__all__ = ["read_run_settings", "resolve_dataset_weights", "run_digest"]


# Under which names a digest holds the weights that a run started from.
_STARTS = {"encoder": "start", "restorer": "restorer_start"}


def read_run_settings(
    kind: str, config: str | Path, *, changes: Mapping[str, str] | None, real: str | Path | None
) -> TrainConfig:
    """Read a configuration that trains `kind`, with replaced values; see `train_network`.

    Raises
    ------
    ConfigError
        It cannot be read, or trains something else.
    """
    replaced = dict(changes or {})
    if real is not None:
        replaced["data.real"] = toml_quoted(str(real))
    settings = resolve_dataset_weights(read_train_config(config, changes=replaced))
    if settings.trained_network != kind:
        raise ConfigError(
            f"the configuration trains {settings.trained_network!r}, but {kind!r} was asked for; "
            "use the other command or another file"
        )
    return settings


def run_digest(config: TrainConfig, pool: Pool | CrossedPool, started: Mapping[str, str]) -> str:
    """Digest what decides the weights of a run at a step; how long it lasts does not.

    `started` holds the SHA-256 of the weights that it started from, by network.
    """
    run: dict[str, int | str] = {
        "batch": config.run.batch,
        "accumulate": config.run.accumulate,
        "precision": config.run.precision,
    }
    if config.optimiser.schedule == "cosine":
        run["steps"] = config.run.steps
    parts = {
        "trains": config.trained_network,
        "seed": config.seed,
        "model": {"width": config.model.width}
        | {_STARTS[network]: sha256 for network, sha256 in started.items()},
        "objective": config.objective,
        "optimiser": config.optimiser,
        "restorer": {k: v for k, v in dataclasses.asdict(config.restorer).items() if k != "start"},
        "sampling": [config.data.sampling, dict(config.data.weights)],
        "held_out": config.data.held_out,
        "pool": pool.digest,
        "run": run,
    }
    if config.is_crossed:
        parts["crossed"] = config.crossed
    return digest(parts)


def resolve_dataset_weights(config: TrainConfig) -> TrainConfig:
    """Put the weights of a file, and of the manifests among the sources, into a configuration.

    Raises
    ------
    ConfigError
        The file of weights cannot be read, or holds something else.
    SourceError
        A source cannot be found.
    """
    data = config.data
    if data.sampling != "weights":
        return config
    weights = dict(data.weights)
    if data.weights_file:
        weights = _read_weights_file(Path(data.weights_file))
    if data.sources:
        found = find_datasets(list(data.sources), root=data.root or None)
        stated = {each.name: each.weight for each in found if each.weight is not None}
        weights = stated | weights
    return dataclasses.replace(
        config, data=dataclasses.replace(data, weights=weights, weights_file="")
    )


def _read_weights_file(path: Path) -> dict[str, float]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"data.weights_file {str(path)!r} cannot be read: {error}") from error
    table = document.get("weights")
    is_table_of_weights = isinstance(table, dict) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
        for value in table.values()
    )
    if not is_table_of_weights or not table:
        raise ConfigError(
            f"data.weights_file {str(path)!r} holds no table [weights] of numbers from 0 up; "
            'write lines such as "Rain200H" = 0.5 below it'
        )
    return {name: float(value) for name, value in table.items()}
