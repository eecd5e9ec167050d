"""A table to one summary per dataset, in one pass, with every scene whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError, SpaceError
from rainmer_analysis.images.sample_image_ids import sampling_hash
from rainmer_analysis.numerics import hash_scene_names, unit_rows
from rainmer_analysis.scores.score import Batch, Context, DatasetSummary, Floats
from rainmer_analysis.values import EmbeddingTable, Rows, TableStream

__all__ = ["Summariser", "Table", "scene_counts_by_dataset", "summaries_by_dataset"]

Keys = npt.NDArray[np.uint64]
Table = EmbeddingTable | TableStream


@dataclass(frozen=True)
class Summariser:
    """What is kept of each dataset: a `Score`'s first two functions."""

    summarise: Callable[[Batch, Context], Any]
    merge: Callable[[Any, Any, Context], Any]


@dataclass
class _SceneCounts:
    """Scenes of a dataset, the images of each, and how many have not come by yet."""

    keys: Keys
    left: npt.NDArray[np.int64]


@dataclass
class _DatasetCollector:
    """One dataset while its rows stream by."""

    scene_counts: _SceneCounts | None
    count: int = 0
    seen: list[Keys] = field(default_factory=list)
    summaries: dict[str, Any] = field(default_factory=dict)
    waiting: dict[int, list[Batch]] = field(default_factory=dict)

    @property
    def scene_count(self) -> int:
        """Number of scenes."""
        if self.scene_counts is not None:
            return len(self.scene_counts.keys)
        return len(np.unique(np.concatenate(self.seen)))


def summaries_by_dataset(
    table: Table,
    summarisers: Mapping[str, Summariser],
    context: Context,
    *,
    keep_scenes_whole: bool,
    with_sampling_order: bool,
) -> dict[str, DatasetSummary]:
    """Summarise every dataset of a table, in the order of their first rows.

    Raises ParameterError: the table is empty; SpaceError: its rows lie in different spaces.

    Parameters
    ----------
    table
        At least one row; a `TableStream` need not fit into memory.
    summarisers
        What is kept, by name.
    context
        Handed on to them.
    keep_scenes_whole
        Whether each call sees scenes with all of their images. Then the labels are read once
        more, beforehand, and the images of a scene wait until the last one has come.
    with_sampling_order
        Whether each batch holds the images' keys in the seeded order of samples.
    """
    if len(table) == 0:
        raise ParameterError("the table holds no image; a matrix needs at least one")
    scene_counts = _scene_counts_by_dataset(table) if keep_scenes_whole else {}
    found: dict[str, _DatasetCollector] = {}
    for name, batch in _batches_by_dataset(table, context, with_sampling_order=with_sampling_order):
        if name not in found:
            found[name] = _DatasetCollector(scene_counts.get(name))
        collector = found[name]
        collector.count += len(batch.unit)
        if collector.scene_counts is None:
            collector.seen.append(np.unique(batch.scenes))
        for ready in _take_complete_scenes(collector, batch):
            _add_batch_to_summaries(collector.summaries, ready, summarisers, context)
    return {
        name: DatasetSummary(each.count, each.scene_count, each.summaries)
        for name, each in found.items()
    }


def _add_batch_to_summaries(
    summaries: dict[str, Any],
    batch: Batch,
    summarisers: Mapping[str, Summariser],
    context: Context,
) -> None:
    for name, summariser in summarisers.items():
        made = summariser.summarise(batch, context)
        before = summaries.get(name)
        summaries[name] = made if before is None else summariser.merge(before, made, context)


def _batches_by_dataset(
    table: Table, context: Context, *, with_sampling_order: bool
) -> Iterator[tuple[str, Batch]]:
    width = 0
    for part in table.batches():
        width = width or part.dim
        if part.dim != width:
            raise SpaceError(
                f"vectors of {width} and of {part.dim} dimensions came in one table; "
                "give embeddings of one space"
            )
        unit, codes = unit_rows(part.vectors), part.rows.codes
        scenes = hash_scene_names(part.rows.cells("group"))
        images = _sampling_sort_keys(part.rows, context.seed) if with_sampling_order else scenes
        for code, name in enumerate(part.rows.datasets):
            own = codes == code
            yield name, Batch(unit[own], scenes[own], images[own])


def _sampling_sort_keys(rows: Rows, seed: int) -> Keys:
    """Return the place of each image in the seeded order that samples follow."""
    keys = (
        sampling_hash(seed, image.removeprefix(f"{dataset}/"))[:16]
        for image, dataset in zip(rows.cells("image_id"), rows.cells("dataset"), strict=True)
    )
    return np.fromiter((int(key, 16) for key in keys), dtype=np.uint64, count=len(rows))


def _scene_counts_by_dataset(table: Table) -> dict[str, _SceneCounts]:
    seen: dict[str, list[Keys]] = {}
    for datasets, groups in _dataset_and_scene_labels(table):
        keys = hash_scene_names(groups)
        for name in dict.fromkeys(datasets):
            seen.setdefault(name, []).append(keys[np.asarray(datasets, dtype=object) == name])
    return {
        name: _SceneCounts(*np.unique(np.concatenate(parts), return_counts=True))
        for name, parts in seen.items()
    }


def scene_counts_by_dataset(table: Table) -> dict[str, int]:
    """Return the number of scenes of each dataset, from the labels alone."""
    return {name: len(each.keys) for name, each in _scene_counts_by_dataset(table).items()}


def _dataset_and_scene_labels(table: Table) -> Iterator[tuple[list[str], list[str]]]:
    if isinstance(table, TableStream):
        for found in table.label_batches("dataset", "group"):
            yield found[0], found[1]
    else:
        yield list(table.rows.cells("dataset")), list(table.rows.cells("group"))


def _take_complete_scenes(collector: _DatasetCollector, batch: Batch) -> Iterator[Batch]:
    """Return the rows whose scenes are complete, and keep the others waiting."""
    if collector.scene_counts is None:
        yield batch
        return
    scene_counts = collector.scene_counts
    scene = np.searchsorted(scene_counts.keys, batch.scenes)
    here, inverse, counts = np.unique(scene, return_inverse=True, return_counts=True)
    # complete within this batch, and none of it came before
    whole = counts == scene_counts.left[here]
    fresh = np.array([place not in collector.waiting for place in here.tolist()])
    scene_counts.left[here] -= counts
    direct = (whole & fresh)[inverse]
    complete = [_select_rows(batch, direct)] if direct.any() else []
    for number in np.flatnonzero(~(whole & fresh)).tolist():
        place = int(here[number])
        parts = collector.waiting.setdefault(place, [])
        parts.append(_select_rows(batch, inverse == number))
        if scene_counts.left[place] == 0:
            complete += collector.waiting.pop(place)
    if complete:
        yield _concatenate_batches(complete)


def _select_rows(batch: Batch, chosen: npt.NDArray[np.bool_]) -> Batch:
    return Batch(batch.unit[chosen], batch.scenes[chosen], batch.images[chosen])


def _concatenate_batches(parts: list[Batch]) -> Batch:
    unit: Floats = np.concatenate([part.unit for part in parts])
    scenes = np.concatenate([part.scenes for part in parts])
    images = np.concatenate([part.images for part in parts])
    return Batch(unit, scenes, images)
