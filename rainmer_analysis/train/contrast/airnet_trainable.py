"""AirNet's contrastive training: two crops of one degraded image against a queue.

Li et al., CVPR 2022, with one "type" per dataset: every batch holds as many images of each
dataset, and the queue has 256 entries per dataset. Negatives are whatever the queue holds, the
own dataset included. Parameters of the key encoder follow the query encoder; its batch
normalisation keeps statistics of its own.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rainmer_analysis.model import AirNetEncoder, autocast_context, normalise_rows, without_autocast
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast.batch_randomness import Square
from rainmer_analysis.train.data import (
    HostBatch,
    Pool,
    SamplingOrder,
    prefetcher_for_device,
    tensor_copy,
    to_unit_range,
)
from rainmer_analysis.train.loop import DistributedContext, Trainable, average_numbers

__all__ = ["AirNetTrainable", "Crops", "QueueContrast"]


@dataclass(frozen=True)
class Crops:
    """Two crops of each image, [B, 3, H, W] in [0, 1]."""

    first: Tensor
    second: Tensor


class QueueContrast(nn.Module):
    """A query encoder, a key encoder that follows it, and a first-in first-out queue of keys.

    Parameters
    ----------
    encoder
        Becomes the query encoder.
    size
        Entries of the queue.
    temperature
        Divides the cosines.
    seed
        Of the queue's first content, random unit vectors.
    precision
        ``float32`` or ``bf16``.
    """

    query: AirNetEncoder
    key: AirNetEncoder
    queue: Tensor
    pointer: Tensor

    def __init__(
        self,
        encoder: AirNetEncoder,
        *,
        size: int,
        temperature: float,
        seed: int,
        precision: str = "float32",
    ) -> None:
        super().__init__()
        self.last: Tensor | None = None
        self._precision = precision
        self.query = encoder
        self.key = copy.deepcopy(encoder).requires_grad_(False)
        self.temperature = temperature
        noise = np.random.default_rng([seed, 2]).normal(size=(size, encoder.config.out))
        self.register_buffer("queue", normalise_rows(torch.from_numpy(noise).float()))
        self.register_buffer("pointer", torch.zeros((), dtype=torch.int64))

    def forward(self, batch: Crops) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch, with gradient, and named numbers for the log.

        The keys, [B, out] of unit length, are kept as ``last`` for `enqueue`.
        """
        with autocast_context(self._precision, batch.first.device):
            logits = self.logits(batch)
        loss = -logits.log_softmax(dim=1)[:, 0].mean()
        own = (logits[:, :1] > logits[:, 1:]).all(dim=1).float().mean()
        return loss, {"loss": loss.detach(), "accuracy": own}

    def logits(self, batch: Crops) -> Tensor:
        """Compare crops: logits [B, 1 + K], the positive first."""
        query = normalise_rows(self.query(batch.first).out)
        with torch.no_grad():
            self.last = keys = normalise_rows(self.key(batch.second).out)
        with without_autocast(query):
            positive = (query * keys).sum(dim=1, keepdim=True)
            # A copy: the backward pass needs the queue as it was before `enqueue`.
            cosines = torch.cat([positive, query @ self.queue.T.clone()], dim=1)
        return cosines / self.temperature

    @torch.no_grad()
    def enqueue(self, keys: Tensor, is_finite: Tensor) -> None:
        """Put keys [B, out] in place of the oldest, if `is_finite`, [], and they are finite too."""
        taken = is_finite & torch.isfinite(keys).all()
        places = (self.pointer + torch.arange(len(keys), device=keys.device)) % len(self.queue)
        self.queue[places] = torch.where(taken, keys, self.queue[places])
        self.pointer.add_(taken * len(keys)).remainder_(len(self.queue))


class AirNetTrainable(Trainable):
    """What an AirNet run optimises.

    Parameters
    ----------
    config
        The whole configuration.
    pool
        Training pairs, of which only the degraded native-scale windows are used.
    context
        Device, and which process this is of how many.
    """

    number_names = ("loss", "accuracy")
    criterion = ("loss", -1)
    module: QueueContrast

    def __init__(
        self, config: TrainConfig, pool: Pool, context: DistributedContext | None = None
    ) -> None:
        super().__init__(config, context)
        self._pool = pool
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            encoder = AirNetEncoder(config.model.airnet)
        self.module = QueueContrast(
            encoder,
            size=config.objective.queue_per_type * len(pool.dataset_names),
            temperature=config.objective.temperature,
            seed=config.seed,
            precision=config.run.precision,
        )
        self._format = _memory_format(self._context.device, config.model.airnet.width)
        self._move_to_device(self._format, fast=False)
        held_out = pool.held_out_mask(config.data.held_out, config.data.seed)
        self._training = self._orders_by_dataset(~held_out)
        self._validation = self._orders_by_dataset(held_out) if held_out.any() else []
        self.queries_per_batch = config.run.batch * len(pool.dataset_names)
        part = self._context.local_slice(self.queries_per_batch)
        self._ahead = prefetcher_for_device(
            self._context.device, lambda k: self._read_crops(self._training, k, part)
        )

    def _orders_by_dataset(self, chosen: NDArray[np.bool_]) -> list[SamplingOrder]:
        labels = np.array(self._pool.datasets)
        rows = [np.flatnonzero(chosen & (labels == name)) for name in self._pool.dataset_names]
        return [
            SamplingOrder(own, self._config.seed, 3, k) for k, own in enumerate(rows) if len(own)
        ]

    @property
    def network(self) -> AirNetEncoder:
        """The encoder that is trained, and kept at the end."""
        return self.module.query

    @property
    def query_and_key_encoders(self) -> tuple[nn.Module, nn.Module]:
        """The encoder and its momentum copy."""
        return self.module.query, self.module.key

    def make_batch(self, number: int) -> Crops:
        """Make this process's part of a batch."""
        return self._crops_to_device(self._ahead(number))

    def before_micro_batch(self) -> None:
        """Train with batch statistics; let the key encoder follow."""
        self.module.train()
        super().before_micro_batch()

    def after_micro_batch(self, is_finite: Tensor) -> None:
        """Fill the queue with the keys of all processes."""
        if self.module.last is not None:
            self.module.enqueue(self._context.all_gather(self.module.last), is_finite)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Return loss and accuracy on held-out scenes, in evaluation mode and without enqueuing."""
        if not self._validation:
            return {}
        self.module.eval()
        steps = range(self._config.run.validation_batches)
        whole = (self._read_crops(self._validation, step, slice(None)) for step in steps)
        found = average_numbers(self.module(self._crops_to_device(read))[1] for read in whole)
        self.module.train()
        return found

    def _read_crops(self, orders: list[SamplingOrder], number: int, part: slice) -> HostBatch[None]:
        rng = np.random.default_rng([self._config.seed, 4, number])
        batch, side = self._config.run.batch, self._config.objective.crop
        rows = np.concatenate([order.take(number * batch, batch) for order in orders])
        size = self._pool.degraded_native.shape[-2:]
        squares = [[Square.draw(size, side, rng) for _ in rows] for _ in range(2)]
        # Datasets take turns, so that each process sees all of them where it can.
        turns = np.arange(len(rows)).reshape(len(orders), batch).T.ravel()[part]
        images = [self._pool.degraded_native[rows[k]] for k in turns]
        first, second = (
            torch.stack(
                [tensor_copy(own[k](image)) for k, image in zip(turns, images, strict=True)]
            )
            for own in squares
        )
        return HostBatch({"first": first, "second": second}, None)

    def _crops_to_device(self, read: HostBatch[None]) -> Crops:
        parts = read.to(self._context.device).parts
        first, second = (
            to_unit_range(parts[name]).contiguous(memory_format=self._format)
            for name in ("first", "second")
        )
        return Crops(first, second)


def _memory_format(device: torch.device, width: int) -> torch.memory_format:
    """Choose where channels lie in memory: last, unless that is faulty.

    On a CPU without AVX-512, torch 2.13's backward pass of a channels-last convolution with 4
    channels writes beyond its memory.
    """
    if device.type == "cpu" and width % 8:
        return torch.contiguous_format
    return torch.channels_last
