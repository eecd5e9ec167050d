"""A query encoder and a key encoder that follows it, compared view by view.

One query batch is compared, view by view, with a positive and several negatives. Of 15 images per
query 14 or so go through the key encoder only, without gradient, and each of those needs one
projector of two: `encode_keys` runs exactly that.

Precision: convolutions may run under bfloat16 autocast; pooled vectors, norms, dot products and
cross-entropies are float32 always. A pooled vector has 8 bits of mantissa in bfloat16, so at the
start of training, when all cosines are above 0.99, its differences would vanish in rounding.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rainmer_analysis.model import (
    EncoderOutput,
    RainmerEncoder,
    autocast_context,
    normalise_rows,
    without_autocast,
)
from rainmer_analysis.train.compiled import encode_one_view, encode_with_gradients, is_compilable
from rainmer_analysis.train.config import ObjectiveConfig, TrainConfig
from rainmer_analysis.train.contrast.contrastive_losses import (
    VIEWS,
    View,
    contrastive_losses,
    query_key_cosines,
    share_with_nearest_positive,
)

__all__ = [
    "CONTRAST_NUMBERS",
    "ContrastBatch",
    "MomentumContrast",
    "ViewImages",
    "contrast_loss",
    "encode_keys",
    "view_cosines",
]

# Pixels of key images that modules encode at once: 4 images of 128 x 128. Larger batches are slower
# per image on a CPU, as their temporaries leave the cache.
_CPU_PIXELS = 4 * 128 * 128

# What `contrast_loss` tells for the log.
CONTRAST_NUMBERS = ("chromatic", "degradation", *(f"accuracy_{view}" for view in VIEWS))


@dataclass(frozen=True)
class ViewImages:
    """Images that one view compares the queries with.

    Parameters
    ----------
    positive
        [B, 3, H, W] in [0, 1].
    negatives
        [B, n, 3, H, W] in [0, 1].
    """

    positive: Tensor
    negatives: Tensor


@dataclass(frozen=True)
class ContrastBatch:
    """Queries [B, 3, h, w] and what they are compared with, view by view."""

    query: Tensor
    views: Mapping[View, ViewImages]


def view_cosines(
    output: EncoderOutput, key: RainmerEncoder, views: Mapping[View, ViewImages]
) -> dict[View, Tensor]:
    """Compare encoded queries with the keys of all views.

    Parameters
    ----------
    output
        What the query encoder gave for B queries.
    key
        The key encoder.
    views
        Positive and negatives for each of `VIEWS`.

    Returns
    -------
    Cosines per view, [B, 1 + n], the positive first; gradients flow into the query encoder.
    """
    cosines: dict[View, Tensor] = {}
    for view in VIEWS:
        images = torch.cat([views[view].positive[:, None], views[view].negatives], dim=1)
        keys = encode_keys(key, images.flatten(0, 1), view)
        keys = keys.reshape(*images.shape[:2], *keys.shape[1:])
        with without_autocast(images):
            cosines[view] = query_key_cosines(normalise_rows(_features_of_view(output, view)), keys)
    return cosines


@torch.no_grad()
def encode_keys(key: RainmerEncoder, images: Tensor, view: View) -> Tensor:
    """Encode key images [m, 3, H, W] for one view: unit features, [m, C] or [m, C, h, w]."""
    chunk = len(images)
    if images.device.type == "cpu" and not is_compilable(key, images):
        chunk = max(1, _CPU_PIXELS // (images.shape[-2] * images.shape[-1]))
    found = [
        normalise_rows(encode_one_view(key, part, view)) for part in torch.split(images, chunk)
    ]
    return torch.cat(found)


def _features_of_view(output: EncoderOutput, view: View) -> Tensor:
    if view == "detail":
        return output.detail_map
    return output.chromatic_p if view == "chromatic" else output.degradation_p


def contrast_loss(
    cosines: Mapping[View, Tensor], config: ObjectiveConfig
) -> tuple[Tensor, dict[str, Tensor]]:
    """Weigh the losses of all views; return their sum, and `CONTRAST_NUMBERS` for the log."""
    parts = contrastive_losses(
        cosines,
        chromatic_temperature=config.temperature_chromatic,
        degradation_temperature=config.temperature_degradation,
    )
    loss = (
        config.weight_chromatic * parts["chromatic"]
        + config.weight_degradation * parts["degradation"]
    )
    numbers = parts | {
        f"accuracy_{view}": share_with_nearest_positive(cosines[view]) for view in VIEWS
    }
    return loss, {name: value.detach() for name, value in numbers.items()}


class MomentumContrast(nn.Module):
    """A query encoder, a key encoder that follows it, and the loss of a batch.

    Parameters
    ----------
    encoder
        Becomes the query encoder; the key encoder starts as its copy and never has gradients.
    config
        Temperatures and weights of the losses.
    precision
        ``float32`` or ``bf16``.
    """

    query: RainmerEncoder
    key: RainmerEncoder

    def __init__(
        self, encoder: RainmerEncoder, config: ObjectiveConfig, *, precision: str = "float32"
    ) -> None:
        super().__init__()
        self.query = encoder
        self.key = copy.deepcopy(encoder).requires_grad_(False)
        self._config, self._precision = config, precision

    @classmethod
    def from_config(cls, config: TrainConfig) -> MomentumContrast:
        """Make the networks of a configuration, with weights of its seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            encoder = RainmerEncoder(config.model.rainmer)
        return cls(encoder, config.objective, precision=config.run.precision)

    def forward(self, batch: ContrastBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch, with gradient, and named numbers for the log."""
        with autocast_context(self._precision, batch.query.device):
            cosines = view_cosines(
                encode_with_gradients(self.query, batch.query), self.key, batch.views
            )
        loss, numbers = contrast_loss(cosines, self._config)
        return loss, {"loss": loss.detach(), **numbers}
