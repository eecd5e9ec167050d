"""What a run of Rainmer's encoder alone optimises."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rainmer_analysis.model import RainmerEncoder
from rainmer_analysis.train.compiled import use_fast_backward
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast.contrast_batch import Batch
from rainmer_analysis.train.contrast.contrast_batch_builder import ContrastBatchBuilder
from rainmer_analysis.train.contrast.momentum_contrast import (
    CONTRAST_NUMBERS,
    MomentumContrast,
    momentum_update,
)
from rainmer_analysis.train.data import Levels, Pool, configured_shares, prefetch
from rainmer_analysis.train.loop import DistributedContext, Group, average_numbers

__all__ = ["RainmerTrainable", "contrast_batch_builder"]


def contrast_batch_builder(
    config: TrainConfig,
    pool: Pool,
    rows: NDArray[np.int64],
    *,
    place: DistributedContext,
    validation: bool = False,
) -> ContrastBatchBuilder:
    """Make what builds batches of views: this process's part of each, or whole ones to validate.

    Validation draws every held-out row equally often, whatever the sampling of training.
    """
    return ContrastBatchBuilder(
        pool,
        rows,
        config=config.objective,
        batch=config.run.batch,
        seed=config.seed,
        shares=None if validation else configured_shares(config.data, pool, rows),
        part=None if validation else place.local_slice(config.run.batch),
    )


class RainmerTrainable:
    """What a run of Rainmer's encoder alone optimises.

    Parameters
    ----------
    config
        The whole configuration.
    pool
        Training pairs; the held-out share of their scenes is used for validation alone.
    place
        Device, and which process this is of how many.
    """

    numbers = ("loss", *CONTRAST_NUMBERS)
    criterion = ("loss", -1)
    has_unused_parameters = False

    def __init__(
        self, config: TrainConfig, pool: Pool, place: DistributedContext | None = None
    ) -> None:
        self._config, self._place = config, place or DistributedContext()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            encoder = RainmerEncoder(config.model.rainmer)
        self.module = MomentumContrast(encoder, config.objective, precision=config.run.precision)
        self.module.to(self._place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self._place.device.type == "cpu":
            use_fast_backward(self.module)
        held_out = pool.held_out(config.data.held_out, config.data.seed)
        self._training = contrast_batch_builder(
            config, pool, np.flatnonzero(~held_out), place=self._place
        )
        self._ahead = prefetch(self._place.device, self._training.read)
        rows = np.flatnonzero(held_out)
        self._validation = (
            contrast_batch_builder(config, pool, rows, place=self._place, validation=True)
            if len(rows)
            else None
        )
        self.queries_per_batch = config.run.batch

    @property
    def network(self) -> RainmerEncoder:
        """The encoder that is trained, and kept at the end."""
        return self.module.query

    @property
    def encoders(self) -> tuple[nn.Module, nn.Module]:
        """The encoder and its momentum copy."""
        return self.module.query, self.module.key

    def groups(self) -> list[Group]:
        """Return what is optimised, and how."""
        own = self._config.optimiser
        return [Group(list(self.network.parameters()), 1.0, own.weight_decay, own.clip)]

    def batch(self, number: int) -> Batch:
        """Make this process's part of a batch."""
        return self._training.build(self._ahead(number).on(self._place.device))

    def before_micro_batch(self) -> None:
        """Let the key encoder follow."""
        momentum_update(self.module.key, self.module.query, self._config.objective.momentum)

    def after_micro_batch(self, sound: Tensor) -> None:
        """Nothing is remembered of a batch."""

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Return loss and accuracy on held-out scenes; always the same batches."""
        if self._validation is None:
            return {}
        count = self._config.run.validation_batches
        found = (self._validation.read(k).on(self._place.device) for k in range(count))
        return average_numbers(self.module(self._validation.build(read))[1] for read in found)

    def examples(self) -> Levels | None:
        """There is nothing to look at."""
        return None
