"""What a run of Rainmer's encoder alone optimises."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast.contrast_batch_builder import ContrastBatchBuilder
from rainmer_analysis.train.contrast.momentum_contrast import (
    CONTRAST_NUMBERS,
    ContrastBatch,
    MomentumContrast,
)
from rainmer_analysis.train.data import Pool, prefetcher_for_device
from rainmer_analysis.train.loop import DistributedContext, Trainable, average_numbers

__all__ = ["RainmerTrainable"]


class RainmerTrainable(Trainable):
    """What a run of Rainmer's encoder alone optimises.

    Parameters
    ----------
    config
        The whole configuration.
    pool
        Training pairs; the held-out share of their scenes is used for validation alone.
    context
        Device, and which process this is of how many.
    """

    number_names = ("loss", *CONTRAST_NUMBERS)
    criterion = ("loss", -1)
    module: MomentumContrast

    def __init__(
        self, config: TrainConfig, pool: Pool, context: DistributedContext | None = None
    ) -> None:
        super().__init__(config, context)
        self.module = MomentumContrast.from_config(config)
        self._move_to_device()
        held_out = pool.held_out_mask(config.data.held_out, config.data.seed)
        part = self._context.local_slice(config.run.batch)
        self._training = ContrastBatchBuilder.for_training(
            config, pool, np.flatnonzero(~held_out), part=part
        )
        self._ahead = prefetcher_for_device(self._context.device, self._training.read_batch)
        rows = np.flatnonzero(held_out)
        build = ContrastBatchBuilder.for_validation
        self._validation = build(config, pool, rows) if len(rows) else None
        self.queries_per_batch = config.run.batch

    @property
    def network(self) -> nn.Module:
        """The encoder that is trained, and kept at the end."""
        return self.module.query

    @property
    def query_and_key_encoders(self) -> tuple[nn.Module, nn.Module]:
        """The encoder and its momentum copy."""
        return self.module.query, self.module.key

    def make_batch(self, number: int) -> ContrastBatch:
        """Make this process's part of a batch."""
        return self._training.build_batch(self._ahead(number).to(self._context.device))

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Return loss and accuracy on held-out scenes; always the same batches."""
        if self._validation is None:
            return {}
        count = self._config.run.validation_batches
        found = (self._validation.read_batch(k).to(self._context.device) for k in range(count))
        return average_numbers(self.module(self._validation.build_batch(read))[1] for read in found)
