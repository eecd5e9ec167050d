"""Training configurations: frozen, checked, read from TOML.

A file has the keys of `TrainConfig` with a table for each of its sections. What is left out has
the published recipe's value where it has one. An unknown key, a wrong type or an impossible
value is refused with a sentence; nothing is silently ignored.
"""

from __future__ import annotations

from rainmer_analysis.train.config.sections import DataConfig, ObjectiveConfig, OptimiserConfig
from rainmer_analysis.train.config.train_config import TrainConfig
from rainmer_analysis.train.config.train_config_toml import (
    config_as_toml,
    parse_train_config,
    read_train_config,
    shipped_train_configs,
)

__all__ = [
    "DataConfig",
    "ObjectiveConfig",
    "OptimiserConfig",
    "TrainConfig",
    "config_as_toml",
    "parse_train_config",
    "read_train_config",
    "shipped_train_configs",
]
