"""What a run of encoder and restorer together optimises (published training).

A crop at native scale is restored; the encoder sees the whole image under the resize rule. It
learns from the contrast of its views, and through its prompts and its local knowledge from the
restoration too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast import CONTRAST_NUMBERS, ContrastBatchBuilder, Flip
from rainmer_analysis.train.data import HostBatch, Levels, Pool, prefetcher_for_device
from rainmer_analysis.train.loop import (
    DistributedContext,
    ParameterGroup,
    Trainable,
    average_numbers,
)
from rainmer_analysis.train.restoration.joint_training import JointTraining, RestorationBatch
from rainmer_analysis.train.restoration.restoration_crops import Crop, Pairs, cut_crops, image_sheet

__all__ = ["RestorerTrainable"]

_SHOWN = 4


class RestorerTrainable(Trainable):
    """What a run of encoder and restorer together optimises.

    Parameters
    ----------
    config
        The whole configuration.
    pool
        Training pairs; the held-out share of their scenes is used for validation alone.
    context
        Device, and which process this is of how many.
    """

    number_names = ("loss", "pixels", "psnr", "gain", *CONTRAST_NUMBERS)
    criterion = ("psnr", 1)
    has_unused_parameters = True
    module: JointTraining

    def __init__(
        self, config: TrainConfig, pool: Pool, context: DistributedContext | None = None
    ) -> None:
        super().__init__(config, context)
        self._pool = pool
        self.module = JointTraining.from_config(config)
        self._move_to_device()
        self.module.train()
        held_out = pool.held_out_mask(config.data.held_out, config.data.seed)
        self._held_out = np.flatnonzero(held_out)
        self._part = self._context.local_slice(config.run.batch)
        self._training = ContrastBatchBuilder.for_training(
            config, pool, np.flatnonzero(~held_out), part=self._part
        )
        self._ahead = prefetcher_for_device(self._context.device, self._read_pairs_and_views)
        self.queries_per_batch = config.run.batch

    @property
    def network(self) -> nn.Module:
        """The restorer that is trained, and kept at the end."""
        return self.module.restorer

    @property
    def query_and_key_encoders(self) -> tuple[nn.Module, nn.Module]:
        """The encoder and its momentum copy."""
        pair = self.module.restorer.disentangle
        return pair.encoder_q, pair.encoder_k

    def parameter_groups(self) -> list[ParameterGroup]:
        """Return the encoder's parameters and the restorer's own, each with its optimiser."""
        base, own = self._config.optimiser, self._config.restorer
        encoder = list(self.query_and_key_encoders[0].parameters())
        inside = {id(parameter) for parameter in self.module.restorer.disentangle.parameters()}
        rest = [p for p in self.network.parameters() if id(p) not in inside]
        rate = own.lr / base.lr if own.lr and base.lr else 1.0
        return [
            ParameterGroup(encoder, 1.0, base.weight_decay, base.clip),
            ParameterGroup(rest, rate, own.weight_decay, own.clip),
        ]

    def make_batch(self, number: int) -> RestorationBatch:
        """Make this process's part of a micro-batch."""
        read = self._ahead(number).to(self._context.device)
        views = (
            None
            if read.plan is None
            else self._training.build_batch(HostBatch(read.parts, read.plan))
        )
        return RestorationBatch(Pairs.from_8bit_parts(read.parts), views)

    def _read_pairs_and_views(self, number: int) -> HostBatch[Mapping[str, Flip] | None]:
        every = self._config.objective.every
        rows = self._training.query_rows(number)
        rng = np.random.default_rng([self._config.seed, 5, number])
        size = self._pool.degraded_native.shape[-2:]
        drawn = [Crop.draw(size, self._config.restorer.crop, rng) for _ in rows]
        pairs = cut_crops(self._pool, rows[self._part], drawn[self._part])
        if not every or number % every:
            return HostBatch(pairs, None)
        views = self._training.read_batch(number)
        return HostBatch({**pairs, **views.parts}, views.plan)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Return losses and PSNR on crops of held-out scenes; always the same ones."""
        if not len(self._held_out):
            return {}
        self.module.eval()
        found = average_numbers(
            self.module(RestorationBatch(pairs, None))[1] for pairs in self._validation_pairs()
        )
        self.module.train()
        return found

    @torch.no_grad()
    def render_example_sheet(self) -> Levels | None:
        """Return degraded, restored and clean crops of held-out scenes, row by row."""
        if not len(self._held_out):
            return None
        self.module.eval()
        pairs = self._pairs_on_device(*self._evenly_chosen_rows_and_crops(_SHOWN))
        restored = self.network(pairs.degraded, pairs.whole)
        self.module.train()
        return image_sheet([pairs.degraded, restored, pairs.clean])

    def _validation_pairs(self) -> Iterator[Pairs]:
        run = self._config.run
        rows, drawn = self._evenly_chosen_rows_and_crops(run.validation_batches * run.batch)
        for at in range(0, len(rows), run.batch):
            yield self._pairs_on_device(rows[at : at + run.batch], drawn[at : at + run.batch])

    def _pairs_on_device(self, rows: NDArray[np.int64], drawn: list[Crop]) -> Pairs:
        read = HostBatch(cut_crops(self._pool, rows, drawn), None)
        return Pairs.from_8bit_parts(read.to(self._context.device).parts)

    def _evenly_chosen_rows_and_crops(self, count: int) -> tuple[NDArray[np.int64], list[Crop]]:
        """Choose held-out rows evenly over the pool, whose datasets stand one after another."""
        places = np.linspace(0, len(self._held_out) - 1, min(count, len(self._held_out)))
        rows = self._held_out[np.unique(places.round().astype(np.int64))]
        rng = np.random.default_rng([self._config.seed, 6])
        size = self._pool.degraded_native.shape[-2:]
        return rows, [Crop.draw(size, self._config.restorer.crop, rng) for _ in rows]
