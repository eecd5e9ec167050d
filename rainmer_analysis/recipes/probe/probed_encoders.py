"""The encoders that are probed, under names that tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.infer import Encoder, extract, load_encoder
from rainmer_analysis.recipes.probe.json_cache import cached_json
from rainmer_analysis.values import EmbeddingTable, ImageSet

__all__ = [
    "UNTRAINED",
    "ProbedEncoder",
    "control_groups_and_names",
    "load_control_encoder",
    "load_probed_encoders",
]

UNTRAINED = "untrained"
_Weights = str | Path


@dataclass(frozen=True, eq=False)
class ProbedEncoder:
    """A loaded encoder and what it is called in tables and pictures."""

    label: str
    encoder: Encoder

    @property
    def identity(self) -> list[str]:
        """What its vectors depend on."""
        precision = str(getattr(self.encoder, "precision", "exact"))
        return [self.encoder.name, self.encoder.sha256, precision]

    @property
    def file_stem(self) -> str:
        """The encoder's name as part of a file name."""
        return self.encoder.name.replace(":", "-").replace("/", "-")

    def extract(self, images: ImageSet) -> Mapping[str, EmbeddingTable]:
        """Embed images, one table per view."""
        return extract(images, self.encoder)

    def cached_measurement(
        self, folder: Path | None, part: str, identity: list[Any], compute: Callable[[], Any]
    ) -> dict[str, Any]:
        """Return a part's numbers, from the folder where this encoder and identity left them."""
        return cached_json(folder, f"{part}-{self.file_stem}", [*identity, *self.identity], compute)


def load_probed_encoders(
    encoder: str | Sequence[str],
    weights: _Weights | Sequence[_Weights] | None,
    *,
    device: str,
    precision: str,
) -> list[ProbedEncoder]:
    """Load one encoder or several; device and precision are those of `load_encoder`.

    One encoder may come with several weights; several encoders come with none, or with one each,
    in the same order. Without weights each has its own.

    Raises
    ------
    ParameterError
        The numbers do not fit, or the same encoder came twice.
    """
    names = [encoder] if isinstance(encoder, str) else list(encoder)
    given = [weights] if isinstance(weights, str | Path) else list(weights or ())
    if not names:
        raise ParameterError("no encoder was named; name at least one, such as rainmer")
    if len(names) == 1 and len(given) > 1:
        names *= len(given)
    if given and len(given) != len(names):
        raise ParameterError(
            f"{len(names)} encoders came with {len(given)} weights; give weights once for each "
            "encoder, in the same order, or one encoder with several weights"
        )
    own: Sequence[_Weights | None] = given or [None] * len(names)
    pairs = list(zip(names, own, strict=True))
    if len(set(pairs)) < len(pairs):
        raise ParameterError("the same encoder with the same weights came twice; name it once")
    labels = _distinct_labels(pairs)
    return [
        ProbedEncoder(label, load_encoder(name, chosen, device=device, precision=precision))
        for label, (name, chosen) in zip(labels, pairs, strict=True)
    ]


def load_control_encoder(name: str, *, device: str, precision: str) -> ProbedEncoder:
    """Load a control by its name."""
    return ProbedEncoder(name, load_encoder(name, device=device, precision=precision))


def _distinct_labels(pairs: Sequence[tuple[str, _Weights | None]]) -> list[str]:
    """Name encoders with the shortest end of their weights' paths that tells them apart."""
    labels = [name if own is None else f"{name} {Path(own).stem}" for name, own in pairs]
    if len(set(labels)) < len(labels):
        labels = [name if own is None else f"{name} {own}" for name, own in pairs]
    return labels


def control_groups_and_names(seeds: int) -> list[tuple[str, str]]:
    """Return names of the controls and of the groups that they are summed up in."""
    if seeds < 0:
        raise ParameterError(f"{seeds} untrained networks were asked for; give 0 or more")
    untrained = [(UNTRAINED, f"untrained:{seed}") for seed in range(seeds)]
    return [("statistics", "statistics"), ("airnet", "airnet"), *untrained]
