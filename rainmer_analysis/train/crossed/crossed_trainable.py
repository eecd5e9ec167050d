"""What a run of the recipe `crossed` optimises."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rainmer_analysis.errors import ConfigError
from rainmer_analysis.model import RainmerEncoder, normalise_rows, without_autocast
from rainmer_analysis.train.compiled import encode, use_fast_backward
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast import autocast
from rainmer_analysis.train.crossed.crossed_batch import CrossedBatch, CrossedBatches
from rainmer_analysis.train.crossed.crossed_pool import CrossedPool
from rainmer_analysis.train.crossed.degradation_descriptor import DESCRIPTOR
from rainmer_analysis.train.crossed.feature_memory import FeatureMemory
from rainmer_analysis.train.crossed.initialisation import initialise_from_images
from rainmer_analysis.train.crossed.light_descriptor import LIGHT
from rainmer_analysis.train.crossed.regression_head import RegressionHead
from rainmer_analysis.train.crossed.soft_contrastive_loss import (
    centring_loss,
    mean_cosine,
    neighbour_accuracy,
    soft_contrastive_loss,
)
from rainmer_analysis.train.data import Levels
from rainmer_analysis.train.loop import DistributedContext, Group, average_numbers

__all__ = ["CrossedContrast", "CrossedTrainable"]

_NUMBERS = (
    "loss",
    "chromatic",
    "degradation",
    "regression_chromatic",
    "regression_degradation",
    "centring",
    "cosine_chromatic",
    "cosine_degradation",
    "accuracy_degradation",
)
_VALIDATION = 1_000_000_000  # numbers of the batches that validate; no run gets so far


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
        width = encoder.config.base_dim
        self.heads = nn.ModuleDict(
            {
                "chromatic": RegressionHead(width, len(LIGHT)),
                "degradation": RegressionHead(width, len(DESCRIPTOR)),
            }
        )
        self.memory = FeatureMemory(
            config.crossed.memory,
            {
                "chromatic": width,
                "degradation": width,
                "light": len(LIGHT),
                "descriptors": len(DESCRIPTOR),
            },
        )
        self.last: dict[str, Tensor] = {}
        self._config, self._precision = config.crossed, config.run.precision

    def forward(self, batch: CrossedBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch, with gradient, and named numbers for the log."""
        with autocast(self._precision, batch.images.device):
            output = encode(self.encoder, batch.images)
        with without_autocast(batch.images):
            return self._losses_of_features(output.chromatic_p, output.degradation_p, batch)

    def _losses_of_features(
        self, chromatic: Tensor, degradation: Tensor, batch: CrossedBatch
    ) -> tuple[Tensor, dict[str, Tensor]]:
        config, old = self._config, self.memory.recall()
        # The same scene is never a positive, so that content cannot help.
        other = batch.scenes[:, None] != batch.scenes
        allowed = torch.cat([other, other.new_ones(len(other), len(old["light"]))], dim=1)
        size = batch.descriptors.shape[1] ** 0.5
        lights = batch.light - torch.cat([batch.light, old["light"]]).mean(dim=0)
        parts = {
            "chromatic": soft_contrastive_loss(
                chromatic,
                torch.cdist(batch.light, torch.cat([batch.light, old["light"]])),
                allowed,
                bandwidth=config.light_bandwidth,
                temperature=config.temperature_chromatic,
                remembered=old["chromatic"],
            ),
            "degradation": soft_contrastive_loss(
                degradation,
                torch.cdist(batch.descriptors, torch.cat([batch.descriptors, old["descriptors"]]))
                / size,
                allowed,
                bandwidth=config.weather_bandwidth,
                temperature=config.temperature_degradation,
                remembered=old["degradation"],
            ),
            "regression_chromatic": self.heads["chromatic"](chromatic, batch.light),
            "regression_degradation": self.heads["degradation"](degradation, batch.descriptors),
            "centring": centring_loss(chromatic) + centring_loss(degradation),
            "cosine_chromatic": mean_cosine(chromatic, lights.square().sum(dim=1)),
            "cosine_degradation": mean_cosine(degradation, batch.energies),
        }
        weights = {
            "chromatic": config.weight_chromatic,
            "degradation": config.weight_degradation,
            "regression_chromatic": config.regression * config.weight_chromatic,
            "regression_degradation": config.regression * config.weight_degradation,
            "centring": config.centring,
            "cosine_chromatic": config.opposition_chromatic,
            "cosine_degradation": config.opposition_degradation,
        }
        loss = torch.stack([weights[name] * part for name, part in parts.items()]).sum()
        self.last = {
            "chromatic": normalise_rows(chromatic).detach(),
            "degradation": normalise_rows(degradation).detach(),
            "light": batch.light,
            "descriptors": batch.descriptors,
        }
        accuracy = neighbour_accuracy(degradation, batch.draws, other)
        numbers = {"loss": loss, **parts, "accuracy_degradation": accuracy}
        return loss, {name: value.detach() for name, value in numbers.items()}


class CrossedTrainable:
    """What a run of the recipe `crossed` optimises.

    Parameters
    ----------
    config
        The whole configuration.
    pool
        Crossed blocks.
    place
        Device, and which process this is of how many.

    Raises
    ------
    ConfigError
        Several processes share the run.
    """

    numbers = _NUMBERS
    criterion = ("loss", -1)
    has_unused_parameters = False

    def __init__(
        self, config: TrainConfig, pool: CrossedPool, place: DistributedContext | None = None
    ) -> None:
        self._config, self._place = config, place or DistributedContext()
        if self._place.world > 1:
            raise ConfigError(
                f"the recipe crossed compares all images of a batch in one process, "
                f"but {self._place.world} were started; start one, without torchrun"
            )
        self._batches = CrossedBatches(
            pool,
            pool.blocks(held_out=False),
            config=config.crossed,
            crop=config.objective.crop,
            seed=config.seed,
        )
        held_out = pool.blocks(held_out=True)
        self._validation = self._batches.of(held_out) if len(held_out) else None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            encoder = RainmerEncoder(config.model.rainmer)
            self.module = CrossedContrast(encoder, config)
        first = self._batches(0)
        initialise_from_images(encoder, first.images)
        self.module.to(self._place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self._place.device.type == "cpu":
            use_fast_backward(self.module)
        self.queries_per_batch = len(first.images)

    @property
    def network(self) -> RainmerEncoder:
        """The encoder that is trained, and kept at the end."""
        return self.module.encoder

    @property
    def encoders(self) -> tuple[nn.Module, ...]:
        """The encoder; it has no momentum copy."""
        return (self.module.encoder,)

    def groups(self) -> list[Group]:
        """Return what is optimised, and how."""
        own = self._config.optimiser
        return [Group(list(self.module.parameters()), 1.0, own.weight_decay, own.clip)]

    def batch(self, number: int) -> CrossedBatch:
        """Make a batch."""
        return self._batches(number).on(self._place.device)

    def before_micro_batch(self) -> None:
        """Do nothing: nothing follows the encoder."""

    def after_micro_batch(self, sound: Tensor) -> None:
        """Remember the batch, if its loss was finite."""
        if bool(sound) and self.module.memory.size:
            self.module.memory.store(self.module.last)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Return loss and accuracy on held-out scenes; always the same batches."""
        if self._validation is None:
            return {}
        numbers = range(_VALIDATION, _VALIDATION + self._config.run.validation_batches)
        made = (self._validation(k).on(self._place.device) for k in numbers)
        return average_numbers(self.module(batch)[1] for batch in made)

    def examples(self) -> Levels | None:
        """There is nothing to look at."""
        return None
