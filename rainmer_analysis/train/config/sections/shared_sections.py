"""The sections of a training configuration: frozen values with their ranges beside them.

What is left out has the published recipe's value where it has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rainmer_analysis.model.airnet import AirNetConfig
from rainmer_analysis.model.encoder import WIDTHS, EncoderConfig
from rainmer_analysis.train.config.sections.checked_fields import choice_field, number_field

__all__ = ["DataConfig", "ModelConfig", "ObjectiveConfig", "OptimiserConfig", "RunConfig"]

_RAINMER = {**WIDTHS, "tiny": EncoderConfig(dim=4, base_dim=16, gate_hidden=8)}
_AIRNET = {
    "tiny": AirNetConfig(width=4, out=16),
    "quarter": AirNetConfig(width=16, out=64),
    "half": AirNetConfig(width=32, out=128),
    "full": AirNetConfig(),
}


@dataclass(frozen=True)
class ModelConfig:
    """The network.

    Parameters
    ----------
    width
        ``full`` is the published one, ``tiny`` is for tests.
    start
        Weights to start from, such as those of a run on smaller crops; empty: random weights.
    """

    width: str = choice_field("full", "half", "quarter", "tiny")
    start: str = ""

    @property
    def rainmer(self) -> EncoderConfig:
        """Widths of Rainmer's encoder."""
        return _RAINMER[self.width]

    @property
    def airnet(self) -> AirNetConfig:
        """Widths of AirNet's encoder."""
        return _AIRNET[self.width]


@dataclass(frozen=True)
class DataConfig:
    """Training images.

    Parameters
    ----------
    simulated
        Recipes of the simulated datasets; each is one dataset.
    per_dataset
        Simulated pairs of each recipe, from the training scenes.
    height, width
        Pixels of a simulated pair.
    sources
        Own paired datasets: SOURCE texts as on the command line (``NAME=FOLDER`` with ``input``
        and ``target`` in it, a manifest, or a name of the catalogue below `root`).
    root
        Folder below which datasets of the catalogue lie.
    per_source
        Most pairs of each of `sources`; 0 takes all.
    sampling
        How often each dataset is drawn: ``proportional`` to its size (published), ``balanced``
        (all equally often), or by ``weights``.
    weights
        For ``weights``: dataset to its share. What is not named has the weight that a manifest
        of `sources` gives it; a dataset without any is refused.
    weights_file
        A TOML file with such a table ``[weights]``, in place of `weights`.
    real
        Folder of real photographs, or empty: only simulated scenes are used. Relative to the
        working folder.
    photographs
        Folders below `real` of clean photographs; each recipe is applied to each photograph.
    night
        Folders below `real` of night photographs; `night_recipe` is applied to each.
    night_recipe
        One of `simulated`, for night photographs; empty without them.
    pairs
        Recipe to folder below `real` with ``input`` and ``target``, whose pairs join its dataset.
    night_repeats, photograph_repeats
        How many differently degraded versions of each photograph per recipe.
    held_out
        Share of the scenes that is kept for validation.
    native
        Side of the native-scale window kept of each image, pixels.
    seed
        Of the simulated weather and of the held-out scenes; runs that differ in their own seed
        alone share their images.
    """

    simulated: tuple[str, ...] = ()
    per_dataset: int = number_field(400, 1)
    height: int = number_field(320, 128)
    width: int = number_field(480, 128)
    sources: tuple[str, ...] = ()
    root: str = ""
    per_source: int = number_field(0, 0)
    sampling: str = choice_field("proportional", "balanced", "weights")
    weights: Mapping[str, float] = field(default_factory=dict)
    weights_file: str = ""
    real: str = ""
    photographs: tuple[str, ...] = ()
    photograph_repeats: int = number_field(1, 1)
    night: tuple[str, ...] = ()
    night_recipe: str = ""
    night_repeats: int = number_field(1, 1)
    pairs: Mapping[str, str] = field(default_factory=dict)
    held_out: float = number_field(0.1, 0.0, 0.5)
    native: int = number_field(192, 32)
    seed: int = number_field(42, 0, 2**31)


@dataclass(frozen=True)
class ObjectiveConfig:
    """What is compared with what, and how sharply.

    Parameters
    ----------
    momentum
        Of the key encoder.
    crop
        Side of the square cut from images before they are encoded, pixels; 128 is the whole
        image for Rainmer and the published patch for AirNet.
    negatives_per_view
        Rainmer: negatives of each query in each view.
    archive
        Rainmer: images among which negatives are mined.
    colour_exponent
        Rainmer, chromatic view: mean colours are raised to this power before the farthest are
        looked for. 1 is published: levels count alike, and whether the darkest or the brightest
        images are farthest turns at half of the brightest level. 0.5 moves that turn to a quarter,
        between night and day.
    temperature_chromatic, temperature_degradation
        Rainmer: divide the cosines of the chromatic and of the joint degradation and detail loss.
    weight_chromatic, weight_degradation
        Rainmer: weights of the two losses; 0.1 each is published beside a loss of restoration.
    every
        Rainmer with a restorer: the views are compared in one of so many micro-batches (1 is
        published); in the others the encoder learns from restoration alone. 0: never.
    positives
        Rainmer, degradation view: ``published`` (the mirrored query) or ``same-degradation``
        (another scene of the same dataset).
    negatives
        Rainmer, degradation view: ``published`` (another image's residual on the own clean
        image) or ``same-scene`` (the own scene in other datasets, other scenes where it has too
        few).
    temperature
        AirNet: divides the cosines.
    queue_per_type
        AirNet: queue entries for each dataset.
    """

    momentum: float = number_field(0.999, 0.0, 1.0)
    crop: int = number_field(128, 16, 512)
    negatives_per_view: int = number_field(4, 1, 64)
    archive: int = number_field(256, 1)
    colour_exponent: float = number_field(1.0, 0.01, 10.0)
    temperature_chromatic: float = number_field(1.0, 0.01, 100.0)
    temperature_degradation: float = number_field(1.0, 0.01, 100.0)
    weight_chromatic: float = number_field(1.0, 0.0)
    weight_degradation: float = number_field(1.0, 0.0)
    every: int = number_field(1, 0)
    positives: str = choice_field("published", "same-degradation")
    negatives: str = choice_field("published", "same-scene")
    temperature: float = number_field(0.07, 0.01, 100.0)
    queue_per_type: int = number_field(256, 1)


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW and its learning rate.

    Parameters
    ----------
    lr
        Highest learning rate.
    beta1, beta2, weight_decay
        Of AdamW.
    schedule
        ``constant``; ``cosine`` from `lr` to `lr` times `final` at the last step; or
        ``restarts``: a cosine for each of `periods`, from `lr` down to the period's floor.
    final
        See `schedule`.
    periods, floors
        See `schedule`: lengths in steps, and lowest learning rates, one for each period.
    warmup
        Steps over which the learning rate rises linearly to `lr`.
    clip
        Largest norm of the gradient; 0 leaves it as it is.
    """

    lr: float = number_field(3e-4, 0.0)
    beta1: float = number_field(0.9, 0.0, 0.9999)
    beta2: float = number_field(0.999, 0.0, 0.99999)
    weight_decay: float = number_field(0.01, 0.0)
    schedule: str = choice_field("constant", "cosine", "restarts")
    final: float = number_field(0.01, 0.0, 1.0)
    periods: tuple[int, ...] = ()
    floors: tuple[float, ...] = ()
    warmup: int = number_field(0, 0)
    clip: float = number_field(0.0, 0.0)


@dataclass(frozen=True)
class RunConfig:
    """How long, how precise, how often noted.

    Parameters
    ----------
    steps
        Updates of the weights.
    batch
        Rainmer: queries per micro-batch, of all processes together. AirNet takes one image of each
        dataset instead, `batch` times.
    accumulate
        Micro-batches whose gradients are averaged for one update.
    precision
        ``float32``, or ``bf16``: convolutions under autocast.
    device
        ``auto`` (CUDA where there is one), ``cpu`` or ``cuda``.
    threads
        CPU threads. One is the most efficient; two runs beside each other make better use of
        two cores than two threads do.
    checkpoint_every, validate_every, log_every
        Steps between checkpoints, validations and rows of log.csv. The weights that a run leaves
        are those of its best validation, by the contrastive loss or by the restorer's PSNR.
    validation_batches
        Batches of the held-out scenes per validation.
    max_minutes
        Stop, with a checkpoint, when a run has lasted so long; 0 is no limit.
    """

    steps: int = number_field(600_000, 1)
    batch: int = number_field(4, 1, 65536)
    accumulate: int = number_field(1, 1, 1024)
    precision: str = choice_field("float32", "bf16")
    device: str = choice_field("auto", "cpu", "cuda")
    threads: int = number_field(1, 1, 256)
    checkpoint_every: int = number_field(100, 1)
    validate_every: int = number_field(200, 1)
    validation_batches: int = number_field(8, 1)
    log_every: int = number_field(10, 1)
    max_minutes: float = number_field(0.0, 0.0)
