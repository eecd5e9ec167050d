"""Datasets as sums alone, to be compared without images and without their vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores.dataset_summaries import Table, scene_counts_by_dataset
from rainmer_analysis.scores.score import SUMS, Context, Data, DatasetSummary
from rainmer_analysis.scores.streaming.scene_sums import SceneSums, scene_sums_by_dataset
from rainmer_analysis.values import FrozenDict, Space, Value, array_digest, common_space, digest

__all__ = ["FEWEST_SCENES", "RESAMPLES", "Sketch", "sketch", "summaries_of_sketches"]

RESAMPLES = 192
"""Resamples of a sketch: of 128 dimensions they take about 100 kB a dataset."""
FEWEST_SCENES = 10


@dataclass(frozen=True, eq=False)
class Sketch(Value):
    """Sums of datasets and of their bootstrap resamples.

    Parameters
    ----------
    datasets
        Name to sums.
    space
        The space of the vectors.
    seed
        Seed of the resamples.
    made
        How it was made, and of what: ``table`` (the table's identity), library versions.
    """

    datasets: Mapping[str, SceneSums]
    space: Space
    seed: int
    made: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "datasets", FrozenDict(self.datasets))
        object.__setattr__(self, "made", FrozenDict(self.made))

    @property
    def resample_count(self) -> int:
        """Resamples that every dataset has."""
        return min(sums.resample_count for sums in self.datasets.values())

    @property
    def content_sha256(self) -> str:
        """Identity of sums, names and space."""
        arrays = {
            name: [sums.count, sums.scenes]
            + [array_digest(getattr(sums, each.name)) for each in fields(sums)[2:]]
            for name, sums in self.datasets.items()
        }
        return digest(["sketch", arrays, asdict(self.space), self.seed])

    def check_resamples(self, resamples: int, seed: int) -> None:
        """Check that resamples of this number and seed can be taken from the sketch.

        Raises ParameterError: it holds fewer, or others.
        """
        if resamples and (resamples > self.resample_count or seed != self.seed):
            raise ParameterError(
                f"{resamples} resamples of seed {seed} were asked for, and a sketch holds "
                f"{self.resample_count} of seed {self.seed}; ask for these, or make the "
                "sketches anew with --resamples and --seed"
            )


def sketch(table: Table, *, resamples: int | None = None, seed: int = 42) -> Sketch:
    """Keep of a table what its datasets can be compared by with any others.

    For each dataset the sum of its vectors, and the same sum in every bootstrap resample of its
    scenes: no image and no image's vector. Of a scene whose name is known the counts in every
    resample are known too, so r resamples of g scenes are r + 2 equations for g unknown vectors:
    on average they give away the share (r + 2) / g of a scene's vector, and all of it from g - 2
    on; the lengths of scenes' summed vectors they tell from half of that on. By default there are
    at most half as many resamples as scenes in the smallest dataset.

    Parameters
    ----------
    table
        Every dataset of at least 10 scenes.
    resamples
        How many; by default 192, or half the scenes of the smallest dataset if that is less.
    seed
        Seed of the resamples; sketches are compared where it is the same.

    Raises
    ------
    ParameterError
        The table is empty, a dataset has too few scenes, or no resample is asked for.
    """
    if len(table) == 0:
        raise ParameterError("the table holds no image; a sketch needs at least one dataset")
    wanted = _checked_resample_count(table, resamples)
    context = Context(resamples=wanted, seed=seed)
    return Sketch(
        scene_sums_by_dataset(table, context), table.space, seed, {"table": table.content_sha256}
    )


def summaries_of_sketches(
    sketches: Sequence[Sketch], resamples: int, context: Context
) -> tuple[Data, Space, list[str]]:
    """Return what `relate` takes of sketches: summaries by dataset, the space, the contents.

    Raises ParameterError: a dataset stands in two sketches, or resamples are asked for that one
    does not hold; SpaceError: sketches lie in different spaces.
    """
    space = common_space({f"sketch {number + 1}": s.space for number, s in enumerate(sketches)})
    data: dict[str, DatasetSummary] = {}
    for each in sketches:
        each.check_resamples(resamples, context.seed)
        for name, sums in each.datasets.items():
            if name in data:
                raise ParameterError(
                    f"the dataset {name!r} stands in two sketches; give each dataset once"
                )
            held = sums.with_first_resamples(min(context.resamples, each.resample_count))
            data[name] = DatasetSummary(sums.count, sums.scenes, {SUMS: held})
    return data, space, [each.content_sha256 for each in sketches]


def _checked_resample_count(table: Table, resamples: int | None) -> int:
    scenes = scene_counts_by_dataset(table)
    smallest = min(scenes, key=lambda name: scenes[name])
    if scenes[smallest] < FEWEST_SCENES:
        raise ParameterError(
            f"{smallest} has {scenes[smallest]} scene(s), whose sum would give images away; a "
            f"sketch needs {FEWEST_SCENES} in every dataset, so leave it out or add images"
        )
    if resamples is None:
        return min(RESAMPLES, scenes[smallest] // 2)
    if resamples < 1:
        raise ParameterError(f"{resamples} resamples were asked for; a sketch needs at least one")
    return resamples
