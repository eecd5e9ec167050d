"""What a run of the recipe `crossed` optimises."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.crossed.crossed_batch import CrossedBatch, CrossedBatches
from rainmer_analysis.train.crossed.crossed_contrast import CrossedContrast
from rainmer_analysis.train.crossed.crossed_pool import CrossedPool
from rainmer_analysis.train.crossed.initialise_encoder import initialise_from_images
from rainmer_analysis.train.loop import (
    DistributedContext,
    ParameterGroup,
    Trainable,
    average_numbers,
)

__all__ = ["CrossedTrainable"]

_NUMBERS = (
    "loss",
    *(
        f"{part}{view}"
        for view in ("chromatic", "degradation")
        for part in ("", "regression_", "ordering_", "centring_", "cosine_")
    ),
    "accuracy_degradation",
)
_VALIDATION = 1_000_000_000  # numbers of the batches that validate; no run gets so far


class CrossedTrainable(Trainable):
    """What a run of the recipe `crossed` optimises.

    Parameters
    ----------
    config
        The whole configuration.
    pool
        Crossed blocks.
    context
        Device, and which process this is of how many.

    Raises
    ------
    ConfigError
        Several processes share the run.
    """

    number_names = _NUMBERS
    criterion = ("loss", -1)
    module: CrossedContrast

    def __init__(
        self, config: TrainConfig, pool: CrossedPool, context: DistributedContext | None = None
    ) -> None:
        super().__init__(config, context)
        self._demand_one_process("the recipe crossed compares all images of a batch in one process")
        self._batches = CrossedBatches(
            pool,
            pool.block_numbers(held_out=False),
            config=config.crossed,
            crop=config.objective.crop,
            seed=config.seed,
        )
        held_out = pool.block_numbers(held_out=True)
        self._validation = self._batches.with_blocks(held_out) if len(held_out) else None
        self.module = CrossedContrast.from_config(config)
        first = self._batches(0)
        initialise_from_images(self.module.encoder, first.images)
        self._move_to_device()
        self.queries_per_batch = len(first.images)

    @property
    def network(self) -> nn.Module:
        """The encoder that is trained, and kept at the end."""
        return self.module.encoder

    @property
    def query_and_key_encoders(self) -> tuple[nn.Module, ...]:
        """The query encoder alone; it has no momentum copy."""
        return (self.module.encoder,)

    def parameter_groups(self) -> list[ParameterGroup]:
        """Return what is optimised, and how."""
        own = self._config.optimiser
        return [ParameterGroup(list(self.module.parameters()), 1.0, own.weight_decay, own.clip)]

    def make_batch(self, number: int) -> CrossedBatch:
        """Make a batch."""
        return self._batches(number).to(self._context.device)

    def after_micro_batch(self, is_finite: Tensor) -> None:
        """Remember the batch, if its loss was finite."""
        if bool(is_finite) and self.module.memory.size:
            self.module.memory.store(self.module.last)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Return loss and accuracy on held-out scenes; always the same batches."""
        if self._validation is None:
            return {}
        numbers = range(_VALIDATION, _VALIDATION + self._config.run.validation_batches)
        made = (self._validation(k).to(self._context.device) for k in numbers)
        return average_numbers(self.module(batch)[1] for batch in made)
