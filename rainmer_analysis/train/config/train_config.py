"""A whole training configuration, and what its sections demand of one another."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from rainmer_analysis.errors import ConfigError, ParameterError
from rainmer_analysis.model import VARIANTS, RestorerConfig
from rainmer_analysis.train.config.sections import (
    CrossedConfig,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimiserConfig,
    RestorationConfig,
    RunConfig,
    choice_field,
    number_field,
)

__all__ = ["TrainConfig"]

_WHOLE = 128  # side of the images that Rainmer's encoder sees


@dataclass(frozen=True)
class TrainConfig:
    """A whole configuration.

    Parameters
    ----------
    encoder
        ``rainmer`` or ``airnet``.
    name
        What the weights are called in the model card.
    seed
        Of weights, order and augmentation.
    model, data, objective, optimiser, run, restorer, crossed
        Sections.

    Raises
    ------
    ConfigError
        Sections contradict one another.
    """

    encoder: str = choice_field("rainmer", "airnet")
    name: str = "unnamed"
    seed: int = number_field(42, 0, 2**31)
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    run: RunConfig = field(default_factory=RunConfig)
    restorer: RestorationConfig = field(default_factory=RestorationConfig)
    crossed: CrossedConfig = field(default_factory=CrossedConfig)

    def __post_init__(self) -> None:
        _check_dataset_names(self.data)
        _check_sampling(self)
        _check_archive_and_crop_sizes(self)
        _check_schedule(self.optimiser)
        _check_unused_settings(self)
        if self.trains_restorer:
            _check_restorer(self)
        _check_crossed(self)

    @property
    def trains_restorer(self) -> bool:
        """Whether a restorer is trained together with the encoder."""
        return bool(self.restorer.variant)

    @property
    def is_crossed(self) -> bool:
        """Whether the encoder is trained by the recipe `crossed`."""
        return bool(self.crossed.draws)

    @property
    def trained_network(self) -> str:
        """What is trained: ``encoder``, ``airnet`` or ``rainmer`` (encoder and restorer)."""
        if self.trains_restorer:
            return "rainmer"
        return "airnet" if self.encoder == "airnet" else "encoder"

    @property
    def restorer_config(self) -> RestorerConfig:
        """The restorer's widths and variant, its encoder's among them.

        Raises
        ------
        ParameterError
            Heads do not divide channels, or the like.
        """
        own, encoder = self.restorer, self.model.rainmer
        return RestorerConfig(
            own.variant,
            **asdict(encoder),
            blocks=own.blocks,
            heads=own.heads,
            expansion=own.expansion,
        )


def _check_dataset_names(data: DataConfig) -> None:
    if not data.simulated and not data.sources:
        raise ConfigError(
            "data.simulated is empty, and so is data.sources; name at least one dataset"
        )
    strangers = sorted(set(data.pairs) - set(data.simulated))
    if strangers or (data.night and data.night_recipe not in data.simulated):
        name = strangers[0] if strangers else data.night_recipe
        raise ConfigError(
            f"data.pairs and data.night_recipe name datasets of data.simulated, "
            f"but {name!r} is none of {', '.join(data.simulated) or 'them, as there are none'}"
        )


def _check_sampling(config: TrainConfig) -> None:
    data = config.data
    given = bool(data.weights) + bool(data.weights_file)
    if given and data.sampling != "weights":
        raise ConfigError(
            f"weights of datasets are given, but data.sampling is {data.sampling!r}; "
            'set it to "weights", or leave the weights out'
        )
    if given == 2:
        raise ConfigError(
            "both data.weights and data.weights_file are given; leave one of them out"
        )
    bad = [name for name, weight in data.weights.items() if weight < 0]
    if bad:
        raise ConfigError(
            f"data.weights gives {bad[0]!r} the weight {data.weights[bad[0]]:g}; "
            "weights are numbers from 0 up"
        )
    if config.encoder == "airnet" and data.sampling != "proportional":
        raise ConfigError(
            f"data.sampling is {data.sampling!r}, but every batch of AirNet holds as many images "
            "of each dataset; leave it out"
        )


def _check_archive_and_crop_sizes(config: TrainConfig) -> None:
    objective, native = config.objective, config.data.native
    if objective.archive < objective.negatives_per_view:
        raise ConfigError(
            f"objective.archive is {objective.archive}, but {objective.negatives_per_view} "
            "negatives per view are mined from it; make it at least as large"
        )
    rainmer = config.encoder == "rainmer"
    if rainmer and objective.crop > _WHOLE:
        raise ConfigError(
            f"objective.crop is {objective.crop}, but rainmer sees images of 128 x 128; "
            "choose 16 to 128"
        )
    largest = max(objective.crop, _WHOLE if rainmer else 0)
    largest = max(largest, config.restorer.crop if config.trains_restorer else 0)
    if largest > native:
        raise ConfigError(
            f"data.native is {native}, smaller than the squares cut from it "
            f"({largest}); make it larger"
        )


def _check_schedule(optimiser: OptimiserConfig) -> None:
    if optimiser.schedule != "restarts":
        return
    periods, floors = optimiser.periods, optimiser.floors
    is_schedule = len(periods) == len(floors) > 0 and min(periods) > 0 and min(floors) >= 0
    if not is_schedule:
        raise ConfigError(
            f"optimiser.periods {list(periods)} and optimiser.floors {list(floors)} are no "
            "schedule with restarts; give as many lengths in steps as lowest learning rates"
        )


def _check_unused_settings(config: TrainConfig) -> None:
    """Refuse what was set, but would decide nothing."""
    optimiser, restorer = config.optimiser, config.restorer
    if optimiser.schedule != "restarts" and (optimiser.periods or optimiser.floors):
        raise ConfigError(
            f"optimiser.schedule is {optimiser.schedule!r}, which has no periods and floors; "
            'set it to "restarts", or leave them out'
        )
    if not config.trains_restorer and restorer != RestorationConfig():
        raise ConfigError(
            "the section restorer has no variant, so that none would be trained; "
            f"give restorer.variant, one of {', '.join(VARIANTS)}, or leave the section out"
        )
    if not config.trains_restorer and config.objective.every != 1:
        raise ConfigError(
            f"objective.every is {config.objective.every}, but without a restorer there is nothing "
            "else to learn from; leave it out, or give restorer.variant"
        )


def _check_restorer(config: TrainConfig) -> None:
    if config.encoder != "rainmer":
        raise ConfigError(
            f"restorer.variant is {config.restorer.variant!r}, but encoder is "
            f"{config.encoder!r}; a restorer is trained with rainmer's encoder alone"
        )
    if config.restorer.crop % 8:
        raise ConfigError(f"restorer.crop is {config.restorer.crop}; it must be a multiple of 8")
    try:
        _ = config.restorer_config
    except ParameterError as error:
        raise ConfigError(f"the section restorer cannot be built: {error}") from error


def _check_crossed(config: TrainConfig) -> None:
    crossed = config.crossed
    if not config.is_crossed:
        if crossed != CrossedConfig():
            raise ConfigError(
                "the section crossed names no draws, so that the published recipe would be used; "
                "give crossed.draws, or leave the section out"
            )
        return
    if config.encoder != "rainmer" or config.trains_restorer:
        raise ConfigError(
            "the section crossed is for rainmer's encoder alone; leave it out, or leave out "
            "restorer.variant and give encoder as rainmer"
        )
    few = [name for name, count in crossed.draws.items() if count < 1]
    if few:
        raise ConfigError(
            f"crossed.draws gives {few[0]!r} {crossed.draws[few[0]]} draws; give 1 or more"
        )
    if config.data.sources or config.data.pairs:
        raise ConfigError(
            "crossed draws fall on clean scenes, but data.sources or data.pairs name degraded "
            "images; leave those out, and name photographs"
        )
    draws = sum(crossed.draws.values())
    if crossed.batch_draws > draws or crossed.batch_scenes > crossed.scenes:
        raise ConfigError(
            f"a batch takes {crossed.batch_draws} draws and {crossed.batch_scenes} scenes of a "
            f"block that has {draws} and {crossed.scenes}; lower the former or raise the latter"
        )
