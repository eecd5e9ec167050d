"""An encoder, the loss of a crossed batch, and a memory of the images of the last ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rainmer_analysis.model import (
    RainmerEncoder,
    autocast_context,
    normalise_rows,
    without_autocast,
)
from rainmer_analysis.train.compiled import encode_with_gradients
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.crossed.crossed_batch import TARGETS, CrossedBatch
from rainmer_analysis.train.crossed.crossed_losses import RegressionHead, neighbour_accuracy
from rainmer_analysis.train.crossed.view_losses import ViewBatch, view_loss_settings, view_losses

__all__ = ["CrossedContrast", "FeatureMemory"]


class FeatureMemory(nn.Module):
    """First in, first out (as in Wang et al., CVPR 2020); a part of the checkpoint.

    Parameters
    ----------
    size
        Images remembered; 0 remembers none.
    widths
        Name of each remembered quantity to its length.
    """

    filled: Tensor

    def __init__(self, size: int, widths: dict[str, int]) -> None:
        super().__init__()
        self.size, self._names = size, tuple(widths)
        for name, width in widths.items():
            self.register_buffer(name, torch.zeros(size, width))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    def recall(self) -> dict[str, Tensor]:
        """Return what is remembered, [m, width] each, the latest first."""
        # From a copy: the backward pass needs it as it was.
        count = int(self.filled)
        return {name: self.get_buffer(name)[:count].clone() for name in self._names}

    @torch.no_grad()
    def store(self, items: dict[str, Tensor]) -> None:
        """Remember the rows of a batch, [n, width] each, in place of the oldest."""
        count = len(next(iter(items.values())))
        for name, rows in items.items():
            buffer = self.get_buffer(name)
            buffer.copy_(torch.cat([rows.to(buffer.dtype), buffer])[: self.size])
        self.filled.copy_((self.filled + count).clamp_max(self.size))


class CrossedContrast(nn.Module):
    """An encoder and the loss of a crossed batch.

    Parameters
    ----------
    encoder
        Is trained; both views are read from one pass.
    config
        The whole configuration.
    """

    def __init__(self, encoder: RainmerEncoder, config: TrainConfig) -> None:
        super().__init__()
        self.encoder = encoder
        width, (light, descriptors) = encoder.config.base_dim, TARGETS
        self.heads = nn.ModuleDict(
            {
                "chromatic": RegressionHead(width, light),
                "degradation": RegressionHead(width, descriptors),
            }
        )
        remembered = {"chromatic": width, "degradation": width}
        remembered |= {"light": light, "descriptors": descriptors}
        self.memory = FeatureMemory(config.crossed.memory, remembered)
        self.last: dict[str, Tensor] = {}
        self._weights, self._precision = view_loss_settings(config.crossed), config.run.precision
        self._weather_in_light = config.crossed.weather_in_light

    @classmethod
    def from_config(cls, config: TrainConfig) -> CrossedContrast:
        """Make the networks of a configuration, with weights of its seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            return cls(RainmerEncoder(config.model.rainmer), config)

    def forward(self, batch: CrossedBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch, with gradient, and named numbers for the log."""
        with autocast_context(self._precision, batch.images.device):
            output = encode_with_gradients(self.encoder, batch.images)
        with without_autocast(batch.images):
            return self._losses_of_features(output.chromatic_p, output.degradation_p, batch)

    def _losses_of_features(
        self, chromatic: Tensor, degradation: Tensor, batch: CrossedBatch
    ) -> tuple[Tensor, dict[str, Tensor]]:
        other = batch.scenes[:, None] != batch.scenes
        views = self._view_batches(chromatic, degradation, batch, other)
        terms = [
            term
            for name, view in views.items()
            for term in view_losses(name, view, self._weights[name], self.heads[name])
        ]
        loss = torch.stack([term.weight * term.value for term in terms]).sum()
        self.last = {
            "chromatic": normalise_rows(chromatic).detach(),
            "degradation": normalise_rows(degradation).detach(),
            "light": batch.light,
            "descriptors": batch.descriptors,
        }
        accuracy = neighbour_accuracy(degradation, batch.draws, other)
        numbers = {term.name: term.value for term in terms}
        numbers |= {"loss": loss, "accuracy_degradation": accuracy}
        return loss, {name: value.detach() for name, value in numbers.items()}

    def _view_batches(
        self, chromatic: Tensor, degradation: Tensor, batch: CrossedBatch, other: Tensor
    ) -> dict[str, ViewBatch]:
        old = self.memory.recall()
        # The same scene is never a positive, so that content cannot help.
        allowed = torch.cat([other, other.new_ones(len(other), len(old["light"]))], dim=1)
        lights = torch.cat([batch.light, old["light"]])
        weather = torch.cat([batch.descriptors, old["descriptors"]])
        weather_distances = torch.cdist(batch.descriptors, weather) / weather.shape[1] ** 0.5
        light_distances = torch.cdist(batch.light, lights)
        return {
            "chromatic": ViewBatch(
                chromatic,
                old["chromatic"],
                batch.light,
                light_distances + self._weather_in_light * weather_distances,
                allowed,
                (batch.light - lights.mean(dim=0)).square().sum(dim=1),
            ),
            "degradation": ViewBatch(
                degradation,
                old["degradation"],
                batch.descriptors,
                weather_distances,
                allowed,
                batch.energies,
            ),
        }
