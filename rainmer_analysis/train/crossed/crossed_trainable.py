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
from rainmer_analysis.train.crossed.soft_contrastive_loss import neighbour_accuracy
from rainmer_analysis.train.crossed.view_losses import ViewBatch, view_losses, view_weights
from rainmer_analysis.train.data import Levels
from rainmer_analysis.train.loop import DistributedContext, Group, average_numbers

__all__ = ["CrossedContrast", "CrossedTrainable"]

_NUMBERS = (
    "loss",
    *(
        f"{part}{view}"
        for view in ("chromatic", "degradation")
        for part in ("", "regression_", "ordering_", "centring_", "cosine_")
    ),
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
        self._weights, self._precision = view_weights(config.crossed), config.run.precision
        self._weather_in_light = config.crossed.weather_in_light

    def forward(self, batch: CrossedBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch, with gradient, and named numbers for the log."""
        with autocast(self._precision, batch.images.device):
            output = encode(self.encoder, batch.images)
        with without_autocast(batch.images):
            return self._losses_of_features(output.chromatic_p, output.degradation_p, batch)

    def _losses_of_features(
        self, chromatic: Tensor, degradation: Tensor, batch: CrossedBatch
    ) -> tuple[Tensor, dict[str, Tensor]]:
        views = self._views(chromatic, degradation, batch)
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
        other = batch.scenes[:, None] != batch.scenes
        accuracy = neighbour_accuracy(degradation, batch.draws, other)
        numbers = {term.name: term.value for term in terms}
        numbers |= {"loss": loss, "accuracy_degradation": accuracy}
        return loss, {name: value.detach() for name, value in numbers.items()}

    def _views(
        self, chromatic: Tensor, degradation: Tensor, batch: CrossedBatch
    ) -> dict[str, ViewBatch]:
        old = self.memory.recall()
        # The same scene is never a positive, so that content cannot help.
        other = batch.scenes[:, None] != batch.scenes
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
                light_distances + self._weather_in_light * weather_distances.clamp_max(1.0),
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
