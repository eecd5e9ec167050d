"""The weights of datasets, from wherever a configuration says they are."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

from rainmer_analysis.errors import ConfigError
from rainmer_analysis.images import find_datasets
from rainmer_analysis.train import TrainConfig

__all__ = ["resolve_dataset_weights"]


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
    sound = isinstance(table, dict) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
        for value in table.values()
    )
    if not sound or not table:
        raise ConfigError(
            f"data.weights_file {str(path)!r} holds no table [weights] of numbers from 0 up; "
            'write lines such as "Rain200H" = 0.5 below it'
        )
    return {name: float(value) for name, value in table.items()}
