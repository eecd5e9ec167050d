"""What a run of encoder and restorer together optimises (published training).

A crop at native scale is restored; the encoder sees the whole image under the resize rule. It
learns from the contrast of its views, and through its prompts and its local knowledge from the
restoration too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rainmer_analysis.model import Prompts, Restorer
from rainmer_analysis.train.compiled import encode, strided, use_fast_backward
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast import (
    CONTRAST_NUMBERS,
    Batch,
    Flip,
    autocast,
    compare,
    contrast_batch_builder,
    contrast_loss,
    momentum_update,
)
from rainmer_analysis.train.data import Levels, Pool, Read, prefetch
from rainmer_analysis.train.loop import DistributedContext, Group, average_numbers
from rainmer_analysis.train.restoration.crops import Crop, Pairs, crops, sheet
from rainmer_analysis.train.restoration.pixel_losses import pixel_loss

__all__ = ["JointTraining", "RestorationBatch", "RestorerTrainable"]

_SHOWN = 4


@dataclass(frozen=True)
class RestorationBatch:
    """What one micro-batch gives to do.

    Parameters
    ----------
    pairs
        Crops to restore, and the whole images that prompts are taken from.
    views
        Views to compare, or None where this micro-batch compares none.
    """

    pairs: Pairs
    views: Batch | None


class JointTraining(nn.Module):
    """A restorer, its encoder's momentum copy in it, and the loss of a micro-batch.

    Parameters
    ----------
    restorer
        With its encoders.
    config
        Weights of the losses, precision.
    """

    def __init__(self, restorer: Restorer, config: TrainConfig) -> None:
        super().__init__()
        self.restorer = restorer
        self._config = config
        self._learnt = config.restorer.prompts == "learnt"

    def forward(self, task: RestorationBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a micro-batch, with gradient, and named numbers for the log."""
        pairs, views = task.pairs, task.views
        encoders = self.restorer.disentangle
        with autocast(self._config.run.precision, pairs.degraded.device):
            with torch.set_grad_enabled(self._learnt and torch.is_grad_enabled()):
                whole = encode(encoders.encoder_q, pairs.whole)
            restored = self.restorer(strided(pairs.degraded), Prompts.of(whole))
            cosines = None
            if views is not None:
                # Queries that are the whole images were encoded for the prompts already.
                shared = self._learnt and views.query.shape == pairs.whole.shape
                output = whole if shared else encode(encoders.encoder_q, views.query)
                cosines = compare(output, encoders.encoder_k, views.views)
        restored = restored.float()
        loss = pixel_loss(restored, pairs.clean, weight=self._config.restorer.similarity)
        numbers = {"pixels": loss.detach(), **_psnr_and_gain(restored.detach(), pairs)}
        if cosines is not None:
            contrast, more = contrast_loss(cosines, self._config.objective)
            loss, numbers = loss + contrast, numbers | more
        return loss, {"loss": loss.detach(), **numbers}


def _psnr_and_gain(restored: Tensor, pairs: Pairs) -> dict[str, Tensor]:
    """Return the mean PSNR in dB over RGB, and by how much it exceeds the degraded image's."""
    after, before = (_psnr(images, pairs.clean) for images in (restored, pairs.degraded))
    return {"psnr": after.mean(), "gain": (after - before).mean()}


def _psnr(images: Tensor, targets: Tensor) -> Tensor:
    error = (images.clamp(0, 1) - targets).square().mean(dim=(1, 2, 3))
    # Crops without any degradation would have an infinite one.
    return -10 * error.clamp_min(1e-6).log10()


class RestorerTrainable:
    """What a run of encoder and restorer together optimises.

    Parameters
    ----------
    config
        The whole configuration.
    pool
        Training pairs; the held-out share of their scenes is used for validation alone.
    place
        Device, and which process this is of how many.
    """

    numbers = ("loss", "pixels", "psnr", "gain", *CONTRAST_NUMBERS)
    criterion = ("psnr", 1)
    has_unused_parameters = True

    def __init__(
        self, config: TrainConfig, pool: Pool, place: DistributedContext | None = None
    ) -> None:
        self._config, self._pool, self._place = config, pool, place or DistributedContext()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            restorer = Restorer(config.network)
        self.module = JointTraining(restorer, config)
        self.module.to(self._place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self._place.device.type == "cpu":
            use_fast_backward(self.module)
        self.module.train()
        held_out = pool.held_out(config.data.held_out, config.data.seed)
        self._training = contrast_batch_builder(
            config, pool, np.flatnonzero(~held_out), place=self._place
        )
        self._held_out = np.flatnonzero(held_out)
        self._part = self._place.local_slice(config.run.batch)
        self._ahead = prefetch(self._place.device, self._read_pairs_and_views)
        self.queries_per_batch = config.run.batch

    @property
    def network(self) -> Restorer:
        """The restorer that is trained, and kept at the end."""
        return self.module.restorer

    @property
    def encoders(self) -> tuple[nn.Module, nn.Module]:
        """The encoder and its momentum copy."""
        pair = self.network.disentangle
        return pair.encoder_q, pair.encoder_k

    def groups(self) -> list[Group]:
        """Return the encoder's parameters and the restorer's own, each with its optimiser."""
        base, own = self._config.optimiser, self._config.restorer
        encoder = list(self.network.disentangle.encoder_q.parameters())
        inside = {id(parameter) for parameter in self.network.disentangle.parameters()}
        rest = [p for p in self.network.parameters() if id(p) not in inside]
        rate = own.lr / base.lr if own.lr and base.lr else 1.0
        return [
            Group(encoder, 1.0, base.weight_decay, base.clip),
            Group(rest, rate, own.weight_decay, own.clip),
        ]

    def batch(self, number: int) -> RestorationBatch:
        """Make this process's part of a micro-batch."""
        read = self._ahead(number).on(self._place.device)
        views = None if read.plan is None else self._training.build(Read(read.parts, read.plan))
        return RestorationBatch(Pairs.of(read.parts), views)

    def _read_pairs_and_views(self, number: int) -> Read[Mapping[str, Flip] | None]:
        every = self._config.objective.every
        rows = self._training.rows(number)
        rng = np.random.default_rng([self._config.seed, 5, number])
        size = self._pool.degraded_native.shape[-2:]
        drawn = [Crop.drawn(size, self._config.restorer.crop, rng) for _ in rows]
        pairs = crops(self._pool, rows[self._part], drawn[self._part])
        if not every or number % every:
            return Read(pairs, None)
        views = self._training.read(number)
        return Read({**pairs, **views.parts}, views.plan)

    def before_micro_batch(self) -> None:
        """Let the key encoder follow."""
        query, key = self.encoders
        momentum_update(key, query, self._config.objective.momentum)

    def after_micro_batch(self, sound: Tensor) -> None:
        """Nothing is remembered of a batch."""

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
    def examples(self) -> Levels | None:
        """Return degraded, restored and clean crops of held-out scenes, row by row."""
        if not len(self._held_out):
            return None
        self.module.eval()
        pairs = self._pairs_on_device(*self._evenly_chosen_rows(_SHOWN))
        restored = self.network(pairs.degraded, pairs.whole)
        self.module.train()
        return sheet([pairs.degraded, restored, pairs.clean])

    def _validation_pairs(self) -> Iterator[Pairs]:
        run = self._config.run
        rows, drawn = self._evenly_chosen_rows(run.validation_batches * run.batch)
        for at in range(0, len(rows), run.batch):
            yield self._pairs_on_device(rows[at : at + run.batch], drawn[at : at + run.batch])

    def _pairs_on_device(self, rows: NDArray[np.int64], drawn: list[Crop]) -> Pairs:
        read = Read(crops(self._pool, rows, drawn), None)
        return Pairs.of(read.on(self._place.device).parts)

    def _evenly_chosen_rows(self, count: int) -> tuple[NDArray[np.int64], list[Crop]]:
        """Choose held-out rows evenly over the pool, whose datasets stand one after another."""
        places = np.linspace(0, len(self._held_out) - 1, min(count, len(self._held_out)))
        rows = self._held_out[np.unique(places.round().astype(np.int64))]
        rng = np.random.default_rng([self._config.seed, 6])
        size = self._pool.degraded_native.shape[-2:]
        return rows, [Crop.drawn(size, self._config.restorer.crop, rng) for _ in rows]
