"""The weights that a training run starts from and leaves."""

from __future__ import annotations

from pathlib import Path

from rainmer_analysis.errors import ConfigError
from rainmer_analysis.model import load_restorer_checkpoint, load_weights, save_weights
from rainmer_analysis.recipes.training.run_folder import WEIGHTS
from rainmer_analysis.train import CrossedPool, Pool, Trainable, TrainConfig

__all__ = ["WeightsExport", "load_start_weights", "read_exported_sha256_and_step"]

# What the file of weights calls each of the networks.
_KINDS = {"encoder": "rainmer", "airnet": "airnet", "rainmer": "restorer"}


class WeightsExport:
    """Writes the weights that a run leaves: the best of its validations, until then the last."""

    def __init__(
        self, trainable: Trainable, config: TrainConfig, folder: Path, *, pool: Pool | CrossedPool
    ) -> None:
        self._trainable, self._config, self._folder = trainable, config, folder
        self._has_validation = bool(
            pool.held_out_mask(config.data.held_out, config.data.seed).any()
        )

    def write_best(self, step: int) -> None:
        """Write the weights of a validation that is the best so far."""
        self._save_network(step)

    def write_unless_validated(self, step: int) -> None:
        """Write the weights of a checkpoint, unless a validation has judged some."""
        if not self._has_validation or not (self._folder / WEIGHTS).exists():
            self._save_network(step)

    def _save_network(self, step: int) -> None:
        config = self._config
        save_weights(
            self._trainable.network,
            self._folder / WEIGHTS,
            kind=_KINDS[config.trained_network],
            metadata={"name": config.name, "steps": str(step), "seed": str(config.seed)},
            overwrite=True,
        )


def read_exported_sha256_and_step(path: Path, config: TrainConfig) -> tuple[str, int]:
    """Read the weights that were written: their identity, and the step that they are of."""
    weights = load_restorer_checkpoint(path) if config.trains_restorer else load_weights(path)
    return weights.sha256, int(weights.metadata["steps"])


def load_start_weights(trainable: Trainable, config: TrainConfig) -> dict[str, str]:
    """Put the weights to start from, if any, into the networks.

    Returns
    -------
    ``{"restorer": SHA-256, "encoder": SHA-256}`` of those that were named.

    Raises
    ------
    ConfigError
        They are of another network than the configuration trains.
    WeightsError
        They cannot be read.
    """
    started = {}
    if config.restorer.start:
        restorer = load_restorer_checkpoint(config.restorer.start)
        _check_same_network("restorer.start", restorer.config, config.restorer_config)
        trainable.network.load_state_dict(restorer.state)
        started["restorer"] = restorer.sha256
    if config.model.start:
        weights = load_weights(config.model.start)
        _check_same_network("model.start", weights.config, getattr(config.model, config.encoder))
        for encoder in trainable.query_and_key_encoders:
            encoder.load_state_dict(weights.state)
        started["encoder"] = weights.sha256
    return started


def _check_same_network(setting: str, found: object, own: object) -> None:
    if found != own:
        raise ConfigError(
            f"{setting} names weights of {found}, but the configuration trains {own}; give "
            "weights of the same network"
        )
