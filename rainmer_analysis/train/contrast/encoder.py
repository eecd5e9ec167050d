"""What a run of Rainmer's encoder alone optimises."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rainmer_analysis.model.encoder import RainmerEncoder
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast.building import ViewBuilder
from rainmer_analysis.train.contrast.momentum import (
    CONTRAST_NUMBERS,
    MomentumContrast,
    move_towards,
)
from rainmer_analysis.train.contrast.views import Batch
from rainmer_analysis.train.data import Levels, Pool, ahead_of, shares_of_rows
from rainmer_analysis.train.depthwise import hasten
from rainmer_analysis.train.loop.objective import Group, mean_numbers
from rainmer_analysis.train.loop.parallel import Place

__all__ = ["EncoderObjective", "view_builder"]


def view_builder(
    config: TrainConfig,
    pool: Pool,
    rows: NDArray[np.int64],
    *,
    place: Place,
    validation: bool = False,
) -> ViewBuilder:
    """Make what builds batches of views: this process's part of each, or whole ones to validate.

    Validation draws every held-out row equally often, whatever the sampling of training.
    """
    return ViewBuilder(
        pool,
        rows,
        config=config.objective,
        batch=config.run.batch,
        seed=config.seed,
        shares=None if validation else shares_of_rows(config.data, pool, rows),
        part=None if validation else place.part(config.run.batch),
    )


class EncoderObjective:
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
    rests = False

    def __init__(self, config: TrainConfig, pool: Pool, place: Place | None = None) -> None:
        self._config, self._place = config, place or Place()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            encoder = RainmerEncoder(config.model.rainmer)
        self.module = MomentumContrast(encoder, config.objective, precision=config.run.precision)
        self.module.to(self._place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self._place.device.type == "cpu":
            hasten(self.module)
        held_out = pool.held_out(config.data.held_out, config.data.seed)
        self._training = view_builder(config, pool, np.flatnonzero(~held_out), place=self._place)
        self._ahead = ahead_of(self._place.device, self._training.read)
        rows = np.flatnonzero(held_out)
        self._validation = (
            view_builder(config, pool, rows, place=self._place, validation=True)
            if len(rows)
            else None
        )
        self.images_per_batch = config.run.batch

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
        return self._training.made(self._ahead(number).on(self._place.device))

    def before(self) -> None:
        """Let the key encoder follow."""
        move_towards(self.module.key, self.module.query, self._config.objective.momentum)

    def after(self, sound: Tensor) -> None:
        """Nothing is remembered of a batch."""

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Return loss and accuracy on held-out scenes; always the same batches."""
        if self._validation is None:
            return {}
        count = self._config.run.validation_batches
        found = (self._validation.read(k).on(self._place.device) for k in range(count))
        return mean_numbers(self.module(self._validation.made(read))[1] for read in found)

    def examples(self) -> Levels | None:
        """There is nothing to look at."""
        return None
