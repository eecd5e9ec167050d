"""The contrastive wrapper of Rainmer's encoder: three views, a momentum key encoder, two losses.

Supplement, section on disentangling, with the published code where the text is silent. One
query batch is compared, view by view, with a positive and several negatives. Of 15 images per
query 14 or so go through the key encoder only, without gradient, and each of those needs one
projector of two: `MomentumContrast.keys` runs exactly that.

Precision: convolutions may run under bfloat16 autocast; pooled vectors, norms, dot products and
cross-entropies are float32 always. A pooled vector has 8 bits of mantissa in bfloat16, so at the
start of training, when all cosines are above 0.99, its differences would vanish in rounding.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rainmer_analysis.model.encoder import EncoderOutput, RainmerEncoder
from rainmer_analysis.model.pooling import block_mean, global_mean, unit
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.data import Pool
from rainmer_analysis.train.depthwise import hasten
from rainmer_analysis.train.views import VIEWS, View, ViewBuilder, ViewImages

__all__ = [
    "MomentumContrast",
    "RainmerObjective",
    "accuracy",
    "autocast",
    "contrastive_losses",
    "move_towards",
    "similarity",
]

# Pixels of key images encoded at once: 4 images of 128 x 128. Larger batches are slower per image
# on a CPU, as their temporaries leave the cache.
_CPU_PIXELS = 4 * 128 * 128


def similarity(query: Tensor, keys: Tensor) -> Tensor:
    """Compare queries with their keys.

    Parameters
    ----------
    query
        Unit features over channels, [B, C] or [B, C, h, w].
    keys
        [B, 1 + n, C] or [B, 1 + n, C, h, w].

    Returns
    -------
    Cosines, [B, 1 + n]; of maps the mean over positions.
    """
    query = query.flatten(2) if query.ndim == 4 else query[..., None]
    keys = keys.flatten(3) if keys.ndim == 5 else keys[..., None]
    return torch.einsum("bcp,bkcp->bk", query, keys) / query.shape[-1]


def contrastive_losses(
    cosines: Mapping[View, Tensor], *, chromatic: float = 1.0, degradation: float = 1.0
) -> dict[str, Tensor]:
    """Cross-entropies of the published recipe.

    Parameters
    ----------
    cosines
        Per view [B, 1 + n], the positive first.
    chromatic, degradation
        Temperatures of the chromatic and of the joint degradation and detail loss.

    Returns
    -------
    ``chromatic``, and ``degradation``: one class for the sum of the degradation and the detail
    positive, against the negatives of both. When every cosine is 1 they are log 5 = 1.609 and
    log(1 + 8 / e) = 1.372 for four negatives a view.
    """
    deg, det = cosines["degradation"], cosines["detail"]
    joint = torch.cat([deg[:, :1] + det[:, :1], deg[:, 1:], det[:, 1:]], dim=1)
    return {
        "chromatic": _first_class(cosines["chromatic"] / chromatic),
        "degradation": _first_class(joint / degradation),
    }


def _first_class(logits: Tensor) -> Tensor:
    return -logits.log_softmax(dim=1)[:, 0].mean()


def accuracy(cosines: Tensor) -> Tensor:
    """Share of queries whose positive is closer than every negative: [B, 1 + n] to a scalar."""
    return (cosines[:, :1] > cosines[:, 1:]).all(dim=1).float().mean()


@torch.no_grad()
def move_towards(key: nn.Module, query: nn.Module, momentum: float) -> None:
    """Move a key network's parameters: key <- momentum * key + (1 - momentum) * query."""
    own: list[Tensor] = list(key.parameters())
    other: list[Tensor] = list(query.parameters())
    torch._foreach_mul_(own, momentum)
    torch._foreach_add_(own, other, alpha=1 - momentum)


class MomentumContrast(nn.Module):
    """A query encoder, and a key encoder that follows it.

    Parameters
    ----------
    encoder
        Becomes the query encoder; the key encoder starts as its copy and never has gradients.
    """

    query: RainmerEncoder
    key: RainmerEncoder

    def __init__(self, encoder: RainmerEncoder) -> None:
        super().__init__()
        self.query = encoder
        self.key = copy.deepcopy(encoder).requires_grad_(False)

    def forward(self, query: Tensor, views: Mapping[View, ViewImages]) -> dict[View, Tensor]:
        """Compare queries with the keys of all views.

        Parameters
        ----------
        query
            [B, 3, H, W] in [0, 1].
        views
            Positive and negatives for each of `VIEWS`.

        Returns
        -------
        Cosines per view, [B, 1 + n], the positive first; gradients flow into the query encoder.
        """
        output = self.query(_strided(query))
        cosines: dict[View, Tensor] = {}
        for view in VIEWS:
            images = torch.cat([views[view].positive[:, None], views[view].negatives], dim=1)
            keys = self.keys(images.flatten(0, 1), view)
            keys = keys.reshape(*images.shape[:2], *keys.shape[1:])
            with torch.autocast(query.device.type, enabled=False):
                cosines[view] = similarity(unit(_of(output, view)), keys)
        return cosines

    @torch.no_grad()
    def keys(self, images: Tensor, view: View) -> Tensor:
        """Encode key images [m, 3, H, W] for one view: unit features, [m, C] or [m, C, h, w]."""
        chunk = len(images)
        if images.device.type == "cpu":
            chunk = max(1, _CPU_PIXELS // (images.shape[-2] * images.shape[-1]))
        return torch.cat([self._key(part, view) for part in torch.split(images, chunk)])

    def _key(self, images: Tensor, view: View) -> Tensor:
        location = self.key.location(_strided(images))
        if view == "chromatic":
            return unit(global_mean(self.key.chromatic_features(location)))
        features = self.key.degradation_features(location)
        return unit(block_mean(features) if view == "detail" else global_mean(features))


def _of(output: EncoderOutput, view: View) -> Tensor:
    if view == "detail":
        return output.detail_map
    return output.chromatic_p if view == "chromatic" else output.degradation_p


def _strided(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)


class RainmerObjective:
    """What a Rainmer run optimises, step by step.

    Parameters
    ----------
    config
        The whole configuration.
    pool
        Training pairs; the held-out share of their scenes is used for validation alone.
    """

    def __init__(self, config: TrainConfig, pool: Pool) -> None:
        self._config = config
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            encoder = RainmerEncoder(config.model.rainmer)
        self.module = MomentumContrast(encoder)
        self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        hasten(self.module)
        held_out = pool.held_out(config.data.held_out, config.data.seed)
        self._training = self._builder(pool, ~held_out)
        self._validation = self._builder(pool, held_out) if held_out.any() else None
        self.images_per_step = config.run.batch

    def _builder(self, pool: Pool, chosen: NDArray[np.bool_]) -> ViewBuilder:
        return ViewBuilder(
            pool,
            np.flatnonzero(chosen),
            config=self._config.objective,
            batch=self._config.run.batch,
            seed=self._config.seed,
        )

    @property
    def encoder(self) -> RainmerEncoder:
        """The encoder that is trained, and kept at the end."""
        return self.module.query

    def losses(self, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Give the loss to minimise at a step, and its parts for the log."""
        move_towards(self.module.key, self.module.query, self._config.objective.momentum)
        return self._evaluate(self._training, step)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Give loss and accuracy on held-out scenes; always the same batches."""
        if self._validation is None:
            return {}
        rows = [
            self._evaluate(self._validation, step)[1]
            for step in range(self._config.run.validation_batches)
        ]
        return {key: float(torch.stack([row[key] for row in rows]).mean()) for key in rows[0]}

    def _evaluate(self, builder: ViewBuilder, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        objective = self._config.objective
        batch = builder.batch(step)
        with autocast(self._config.run.precision):
            cosines = self.module(batch.query, batch.views)
        parts = contrastive_losses(
            cosines,
            chromatic=objective.temperature_chromatic,
            degradation=objective.temperature_degradation,
        )
        loss = (
            objective.weight_chromatic * parts["chromatic"]
            + objective.weight_degradation * parts["degradation"]
        )
        log = {"loss": loss, **parts} | {f"accuracy_{v}": accuracy(cosines[v]) for v in VIEWS}
        return loss, {key: value.detach() for key, value in log.items()}


def autocast(precision: str) -> torch.autocast:
    """Give the context in which a network of this precision is evaluated on the CPU."""
    return torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")
