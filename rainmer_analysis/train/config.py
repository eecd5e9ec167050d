"""Training configurations: frozen, checked, read from TOML.

A file has the keys of `TrainConfig` with a table for each of its sections. What is left out has
the published recipe's value where it has one. An unknown key, a wrong type or an impossible
value is refused with a sentence; nothing is silently ignored.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

from rainmer_analysis.errors import ConfigError
from rainmer_analysis.model.airnet import AirNetConfig
from rainmer_analysis.model.encoder import WIDTHS, EncoderConfig

__all__ = [
    "DataConfig",
    "ModelConfig",
    "ObjectiveConfig",
    "OptimiserConfig",
    "RunConfig",
    "TrainConfig",
    "parse_config",
    "read_config",
    "shipped_configs",
]

_T = TypeVar("_T")

_RAINMER = {**WIDTHS, "tiny": EncoderConfig(dim=4, base_dim=16, gate_hidden=8)}
_AIRNET = {
    "tiny": AirNetConfig(width=4, out=16),
    "quarter": AirNetConfig(width=16, out=64),
    "half": AirNetConfig(width=32, out=128),
    "full": AirNetConfig(),
}


def _number(default: float, low: float, high: float = math.inf) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


def _choice(default: str, *others: str) -> Any:
    return field(default=default, metadata={"choices": (default, *others)})


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

    width: str = _choice("full", "half", "quarter", "tiny")
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
    per_dataset: int = _number(400, 1)
    height: int = _number(320, 128)
    width: int = _number(480, 128)
    real: str = ""
    photographs: tuple[str, ...] = ()
    photograph_repeats: int = _number(1, 1)
    night: tuple[str, ...] = ()
    night_recipe: str = ""
    night_repeats: int = _number(1, 1)
    pairs: Mapping[str, str] = field(default_factory=dict)
    held_out: float = _number(0.1, 0.0, 0.5)
    native: int = _number(192, 32)
    seed: int = _number(42, 0, 2**31)


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
        Rainmer: weights of the two losses.
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

    momentum: float = _number(0.999, 0.0, 1.0)
    crop: int = _number(128, 16, 512)
    negatives_per_view: int = _number(4, 1, 64)
    archive: int = _number(256, 1)
    colour_exponent: float = _number(1.0, 0.01, 10.0)
    temperature_chromatic: float = _number(1.0, 0.01, 100.0)
    temperature_degradation: float = _number(1.0, 0.01, 100.0)
    weight_chromatic: float = _number(1.0, 0.0)
    weight_degradation: float = _number(1.0, 0.0)
    positives: str = _choice("published", "same-degradation")
    negatives: str = _choice("published", "same-scene")
    temperature: float = _number(0.07, 0.01, 100.0)
    queue_per_type: int = _number(256, 1)


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
        ``constant``, or ``cosine`` from `lr` to `lr` times `final` at the last step.
    final
        See `schedule`.
    warmup
        Steps over which the learning rate rises linearly to `lr`.
    clip
        Largest norm of the gradient; 0 leaves it as it is.
    """

    lr: float = _number(3e-4, 0.0)
    beta1: float = _number(0.9, 0.0, 0.9999)
    beta2: float = _number(0.999, 0.0, 0.99999)
    weight_decay: float = _number(0.01, 0.0)
    schedule: str = _choice("constant", "cosine")
    final: float = _number(0.01, 0.0, 1.0)
    warmup: int = _number(0, 0)
    clip: float = _number(0.0, 0.0)


@dataclass(frozen=True)
class RunConfig:
    """How long, how precise, how often noted.

    Parameters
    ----------
    steps
        Updates of the weights.
    batch
        Rainmer: queries per step. AirNet takes one image of each dataset instead, `batch` times.
    precision
        ``float32``, or ``bf16``: convolutions under autocast.
    threads
        CPU threads. One is the most efficient; two runs beside each other make better use of
        two cores than two threads do.
    checkpoint_every, validate_every, log_every
        Steps between checkpoints, validations and rows of log.csv.
    validation_batches
        Batches of the held-out scenes per validation.
    max_minutes
        Stop, with a checkpoint, when a run has lasted so long; 0 is no limit.
    """

    steps: int = _number(600_000, 1)
    batch: int = _number(4, 1, 1024)
    precision: str = _choice("float32", "bf16")
    threads: int = _number(1, 1, 256)
    checkpoint_every: int = _number(100, 1)
    validate_every: int = _number(200, 1)
    validation_batches: int = _number(8, 1)
    log_every: int = _number(10, 1)
    max_minutes: float = _number(0.0, 0.0)


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
    model, data, objective, optimiser, run
        Sections.
    """

    encoder: str = _choice("rainmer", "airnet")
    name: str = "unnamed"
    seed: int = _number(42, 0, 2**31)
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def __post_init__(self) -> None:
        data, objective = self.data, self.objective
        if not data.simulated:
            raise ConfigError("data.simulated is empty; name at least one simulated dataset")
        strangers = sorted(set(data.pairs) - set(data.simulated))
        if strangers or (data.night and data.night_recipe not in data.simulated):
            name = strangers[0] if strangers else data.night_recipe
            raise ConfigError(
                f"data.pairs and data.night_recipe name datasets of data.simulated, "
                f"but {name!r} is none of {', '.join(data.simulated)}"
            )
        if objective.archive < objective.negatives_per_view:
            raise ConfigError(
                f"objective.archive is {objective.archive}, but {objective.negatives_per_view} "
                "negatives per view are mined from it; make it at least as large"
            )
        if self.encoder == "rainmer" and objective.crop > 128:
            raise ConfigError(
                f"objective.crop is {objective.crop}, but rainmer sees images of 128 x 128; "
                "choose 16 to 128"
            )
        if max(objective.crop, 128 if self.encoder == "rainmer" else 0) > data.native:
            raise ConfigError(
                f"data.native is {data.native}, smaller than the squares cut from it "
                f"({max(objective.crop, 128)}); make it larger"
            )


def read_config(path: str | Path, *, changes: Mapping[str, str] | None = None) -> TrainConfig:
    """Read a configuration.

    Parameters
    ----------
    path
        A TOML file, or the name of a shipped configuration (`shipped_configs`).
    changes
        Values that replace the file's: dotted key to value as TOML writes it, such as
        ``{"optimiser.lr": "1e-3"}``; what is no TOML value is taken as text.

    Raises
    ------
    ConfigError
        There is no such file, it is no TOML, or it holds an unknown key or impossible value.
    """
    text = str(path)
    shipped = shipped_configs()
    file = Path(text)
    source = shipped[text] if text in shipped and not file.exists() else file
    try:
        content = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"no configuration can be read from {text!r}; give a TOML file or one of "
            f"{', '.join(shipped)}"
        ) from error
    try:
        document = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{text} is no valid TOML: {error}") from error
    for key, value in (changes or {}).items():
        _change(document, key, value)
    return parse_config(document)


def _change(document: dict[str, Any], key: str, text: str) -> None:
    *sections, last = key.split(".")
    for section in sections:
        table = document.setdefault(section, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{key!r} cannot be changed: {section!r} is no section")
        document = table
    try:
        document[last] = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        document[last] = text


def shipped_configs() -> dict[str, Path]:
    """Give the configurations that come with the package, by name."""
    folder = Path(str(resources.files("rainmer_analysis.train"))) / "configs"
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def parse_config(document: Mapping[str, Any]) -> TrainConfig:
    """Check a nested mapping, as TOML gives it, and make it a configuration.

    Raises
    ------
    ConfigError
        A key is unknown, or a value has a wrong type or lies outside its range.

    Examples
    --------
    >>> parse_config({"data": {"simulated": ["sim-Rain200H"]}}).run.batch
    4
    """
    return _build(TrainConfig, document, "")


def _build(kind: type[_T], table: Mapping[str, Any], prefix: str) -> _T:
    hints = get_type_hints(kind)
    known = {item.name: item for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
            raise ConfigError(
                f"unknown key {prefix + key!r} in the configuration; did you mean "
                f"{prefix + near[0]!r}?"
            )
    values = {
        key: _value(hints[key], table[key], prefix + key, known[key].metadata) for key in table
    }
    return kind(**values)


def _value(hint: Any, value: Any, name: str, limits: Mapping[str, Any]) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise _wrong(name, value, "a table")
        return _build(hint, value, name + ".")
    checked = _typed(hint, value, name)
    if "choices" in limits and checked not in limits["choices"]:
        raise _wrong(name, value, "one of " + ", ".join(limits["choices"]))
    if "low" in limits and not limits["low"] <= checked <= limits["high"]:
        raise _wrong(name, value, f"a number from {limits['low']:g} to {limits['high']:g}")
    return checked


def _typed(hint: Any, value: Any, name: str) -> Any:
    if hint is float:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        raise _wrong(name, value, "a number")
    if hint is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise _wrong(name, value, "a whole number")
    if hint is str:
        if isinstance(value, str):
            return value
        raise _wrong(name, value, "text")
    if get_origin(hint) is tuple:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise _wrong(name, value, "a list of texts")
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return dict(value)
    raise _wrong(name, value, "a table of texts")


def _wrong(name: str, value: Any, allowed: str) -> ConfigError:
    return ConfigError(f"{name} of the configuration is {value!r}; it must be {allowed}")
