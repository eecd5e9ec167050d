"""AirNet's contrastive training: two crops of one degraded image against a queue.

Li et al., CVPR 2022, with one "type" per dataset: every batch holds as many images of each
dataset, and the queue has 256 entries per dataset. Negatives are whatever the queue holds, the
own dataset included. Parameters of the key encoder follow the query encoder; its batch
normalisation keeps statistics of its own.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rainmer_analysis.model.airnet import AirNetEncoder
from rainmer_analysis.model.pooling import unit
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast import autocast, move_towards
from rainmer_analysis.train.data import Order, Pool
from rainmer_analysis.train.views import as_images, cut

__all__ = ["AirNetObjective", "QueueContrast"]


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
    """

    query: AirNetEncoder
    key: AirNetEncoder
    queue: Tensor
    pointer: Tensor

    def __init__(self, encoder: AirNetEncoder, *, size: int, temperature: float, seed: int) -> None:
        super().__init__()
        self.query = encoder
        self.key = copy.deepcopy(encoder).requires_grad_(False)
        self.temperature = temperature
        noise = np.random.default_rng([seed, 2]).normal(size=(size, encoder.config.out))
        self.register_buffer("queue", unit(torch.from_numpy(noise).float()))
        self.register_buffer("pointer", torch.zeros((), dtype=torch.int64))

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Compare crops.

        Parameters
        ----------
        first, second
            Two crops of each image, [B, 3, H, W] in [0, 1].

        Returns
        -------
        Logits [B, 1 + K] with the positive first, and keys [B, out] of unit length, without
        gradient, for `enqueue`.
        """
        query = unit(self.query(first).out)
        with torch.no_grad():
            keys = unit(self.key(second).out)
        with torch.autocast(first.device.type, enabled=False):
            positive = (query * keys).sum(dim=1, keepdim=True)
            # A copy: the backward pass needs the queue as it was before `enqueue`.
            cosines = torch.cat([positive, query @ self.queue.T.clone()], dim=1)
        return cosines / self.temperature, keys

    @torch.no_grad()
    def enqueue(self, keys: Tensor) -> None:
        """Let keys [B, out] take the places of the oldest."""
        places = (self.pointer + torch.arange(len(keys), device=keys.device)) % len(self.queue)
        self.queue[places] = keys
        self.pointer.add_(len(keys)).remainder_(len(self.queue))


class AirNetObjective:
    """What an AirNet run optimises, step by step.

    Parameters
    ----------
    config
        The whole configuration.
    pool
        Training pairs, of which only the degraded native-scale windows are used.
    """

    def __init__(self, config: TrainConfig, pool: Pool) -> None:
        self._config, self._pool = config, pool
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            encoder = AirNetEncoder(config.model.airnet)
        self.module = QueueContrast(
            encoder,
            size=config.objective.queue_per_type * len(pool.names),
            temperature=config.objective.temperature,
            seed=config.seed,
        )
        self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        held_out = pool.held_out(config.data.held_out, config.data.seed)
        self._training = self._orders(~held_out)
        self._validation = self._orders(held_out) if held_out.any() else []
        self.images_per_step = config.run.batch * len(pool.names)

    def _orders(self, chosen: NDArray[np.bool_]) -> list[Order]:
        labels = np.array(self._pool.datasets)
        rows = [np.flatnonzero(chosen & (labels == name)) for name in self._pool.names]
        return [Order(own, self._config.seed, 3, k) for k, own in enumerate(rows) if len(own)]

    @property
    def encoder(self) -> AirNetEncoder:
        """The encoder that is trained, and kept at the end."""
        return self.module.query

    def losses(self, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Give the loss to minimise at a step, and its parts for the log."""
        self.module.train()
        move_towards(self.module.key, self.module.query, self._config.objective.momentum)
        loss, log, keys = self._evaluate(self._training, step)
        if torch.isfinite(keys).all():
            self.module.enqueue(keys)
        return loss, log

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Give loss and accuracy on held-out scenes, in evaluation mode and without enqueuing."""
        if not self._validation:
            return {}
        self.module.eval()
        steps = range(self._config.run.validation_batches)
        rows = [self._evaluate(self._validation, step)[1] for step in steps]
        self.module.train()
        return {key: float(torch.stack([row[key] for row in rows]).mean()) for key in rows[0]}

    def _evaluate(self, orders: list[Order], step: int) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        rng = np.random.default_rng([self._config.seed, 4, step])
        batch, side = self._config.run.batch, self._config.objective.crop
        rows = np.concatenate([order.take(step * batch, batch) for order in orders])
        images = as_images(self._pool.degraded_native[rows])
        first, second = (
            torch.stack([cut(image, side, rng) for image in images]).contiguous(
                memory_format=torch.channels_last
            )
            for _ in range(2)
        )
        with autocast(self._config.run.precision):
            logits, keys = self.module(first, second)
        loss = -logits.log_softmax(dim=1)[:, 0].mean()
        own = (logits[:, :1] > logits[:, 1:]).all(dim=1).float().mean()
        return loss, {"loss": loss.detach(), "accuracy": own}, keys
