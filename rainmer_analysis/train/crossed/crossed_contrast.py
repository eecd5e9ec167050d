"""An encoder, the loss of a crossed batch, and a memory of the images of the last ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rainmer_analysis.model import RainmerEncoder, autocast, normalise_rows, without_autocast
from rainmer_analysis.train.compiled import encode
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.crossed.crossed_batch import TARGETS, CrossedBatch
from rainmer_analysis.train.crossed.crossed_losses import (
    RegressionHead,
    centring_loss,
    mean_cosine,
    neighbour_accuracy,
    soft_contrastive_loss,
)

__all__ = ["CrossedContrast", "FeatureMemory"]

WeightedLoss = tuple[str, float, Tensor]  # name, weight, value


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
        self._config, self._precision = config.crossed, config.run.precision

    @classmethod
    def configured(cls, config: TrainConfig) -> CrossedContrast:
        """Make the networks of a configuration, with weights of its seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            return cls(RainmerEncoder(config.model.rainmer), config)

    def forward(self, batch: CrossedBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch, with gradient, and named numbers for the log."""
        with autocast(self._precision, batch.images.device):
            output = encode(self.encoder, batch.images)
        with without_autocast(batch.images):
            return self._losses_of_features(output.chromatic_p, output.degradation_p, batch)

    def _losses_of_features(
        self, chromatic: Tensor, degradation: Tensor, batch: CrossedBatch
    ) -> tuple[Tensor, dict[str, Tensor]]:
        # The same scene is never a positive, so that content cannot help.
        other = batch.scenes[:, None] != batch.scenes
        weighted = [
            *self._soft_losses(chromatic, degradation, batch, other),
            *self._unpaired_losses(chromatic, degradation, batch),
        ]
        loss = torch.stack([weight * part for _, weight, part in weighted]).sum()
        self.last = {
            "chromatic": normalise_rows(chromatic).detach(),
            "degradation": normalise_rows(degradation).detach(),
            "light": batch.light,
            "descriptors": batch.descriptors,
        }
        accuracy = neighbour_accuracy(degradation, batch.draws, other)
        numbers = {"loss": loss, **{name: part for name, _, part in weighted}}
        numbers["accuracy_degradation"] = accuracy
        return loss, {name: value.detach() for name, value in numbers.items()}

    def _soft_losses(
        self, chromatic: Tensor, degradation: Tensor, batch: CrossedBatch, other: Tensor
    ) -> list[WeightedLoss]:
        """Compare all images of the batch and of the memory, in both views."""
        config, old = self._config, self.memory.recall()
        allowed = torch.cat([other, other.new_ones(len(other), len(old["light"]))], dim=1)
        size = batch.descriptors.shape[1] ** 0.5
        light = soft_contrastive_loss(
            chromatic,
            torch.cdist(batch.light, torch.cat([batch.light, old["light"]])),
            allowed,
            bandwidth=config.light_bandwidth,
            temperature=config.temperature_chromatic,
            remembered=old["chromatic"],
        )
        weather = soft_contrastive_loss(
            degradation,
            torch.cdist(batch.descriptors, torch.cat([batch.descriptors, old["descriptors"]]))
            / size,
            allowed,
            bandwidth=config.weather_bandwidth,
            temperature=config.temperature_degradation,
            remembered=old["degradation"],
        )
        return [
            ("chromatic", config.weight_chromatic, light),
            ("degradation", config.weight_degradation, weather),
        ]

    def _unpaired_losses(
        self, chromatic: Tensor, degradation: Tensor, batch: CrossedBatch
    ) -> list[WeightedLoss]:
        """Regress what images are described by, and keep features from one direction."""
        config, old = self._config, self.memory.recall()
        lights = batch.light - torch.cat([batch.light, old["light"]]).mean(dim=0)
        colours = self.heads["chromatic"](chromatic, batch.light)
        weather = self.heads["degradation"](degradation, batch.descriptors)
        centring = centring_loss(chromatic) + centring_loss(degradation)
        of_lights = mean_cosine(chromatic, lights.square().sum(dim=1))
        of_weather = mean_cosine(degradation, batch.energies)
        return [
            ("regression_chromatic", config.regression * config.weight_chromatic, colours),
            ("regression_degradation", config.regression * config.weight_degradation, weather),
            ("centring", config.centring, centring),
            ("cosine_chromatic", config.opposition_chromatic, of_lights),
            ("cosine_degradation", config.opposition_degradation, of_weather),
        ]
