"""Vectors become tables: in memory, or in a folder, where all views appear in one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rainmer_analysis.infer.encoders import Encoder
from rainmer_analysis.infer.extraction import Extraction, TablesOnDisk, find_existing_extraction
from rainmer_analysis.infer.outputs import (
    COLUMNS,
    SKIPPED,
    check_folder,
    remove_other_form,
    replaced_forms,
    skipped_bytes,
    skipped_sum,
    table_request,
)
from rainmer_analysis.infer.shards import Shard, ShardStore
from rainmer_analysis.infer.work import (
    Encode,
    Progress,
    ResumableExtraction,
    WorkVanishedError,
    reclaim,
    work_folder,
)
from rainmer_analysis.values import (
    EmbeddingTable,
    ImageSet,
    Rows,
    Space,
    beside,
    commit,
    demand_writable,
    holding,
    is_up_to_date,
    lock_of,
    recover,
    staging,
    told_in_full,
    write_batches,
)

__all__ = ["Task", "in_folder", "in_memory"]

_TRIES = 3


@dataclass(frozen=True)
class Task:
    """What to look at, what looks, and the spaces that the tables are going to lie in."""

    images: ImageSet
    encoder: Encoder
    spaces: Mapping[str, Space]
    encode: Encode
    progress: Progress | None

    @property
    def rows(self) -> Rows:
        """Those of the image set."""
        return self.images.rows

    @property
    def made(self) -> dict[str, Any]:
        """What tables say of how they were made."""
        sampling = dict(self.images.sampling)
        encoder = self.encoder
        return {
            "encoder": {
                "name": encoder.name,
                "sha256": encoder.sha256,
                "api_version": encoder.api_version,
                "configuration": dict(getattr(encoder, "configuration", {})),
            },
            "seed": sampling.pop("seed", None),
            "sampling": sampling,
        }


def in_memory(task: Task) -> Extraction:
    """Encode, and give the tables."""
    work = _worked(task, ShardStore(None))
    skipped = _skipped(task.rows, work)
    if len(skipped) == len(task.rows):
        return Extraction({}, skipped, {})
    tables = {view: _whole(task, work, space) for view, space in task.spaces.items()}
    return Extraction(tables, skipped, {})


def in_folder(task: Task, folder: Path, *, overwrite: bool) -> Extraction:
    """Return what stands in a folder, or encode and write it.

    One process at a time does this for an encoder. Where locks do not work and another one has
    removed the work that both were doing, what it has written stands, or the work is done anew.
    """
    check_folder(folder)
    with holding(lock_of(folder, task.encoder.name)):
        recover(folder)
        for _ in range(_TRIES - 1):
            try:
                return _made_or_standing(task, folder, overwrite=overwrite)
            except (WorkVanishedError, FileNotFoundError):
                continue
        return _made_or_standing(task, folder, overwrite=overwrite)


def _made_or_standing(task: Task, folder: Path, *, overwrite: bool) -> Extraction:
    spaces = task.spaces
    found = find_existing_extraction(folder, spaces, task.rows, overwrite=overwrite)
    if found is None:
        demand_writable(folder)
        shards = ShardStore(work_folder(folder, spaces, task.rows))
        work = _worked(task, shards)
        skipped = _skipped(task.rows, work)
        paths = _published(task, folder, (work, skipped), overwrite=overwrite)
        shards.discard()
        found = Extraction(TablesOnDisk(paths), skipped, paths)
    remove_other_form(folder, spaces.values(), parts=False)
    reclaim(folder, spaces)
    return found


def _worked(task: Task, shards: ShardStore) -> ResumableExtraction:
    work = ResumableExtraction(task.rows, task.encoder.views, shards)
    work.run(task.encode, task.progress)
    return work


def _published(
    task: Task, folder: Path, done: tuple[ResumableExtraction, pd.DataFrame], *, overwrite: bool
) -> dict[str, Path]:
    """Write tables and list aside, then put all of them in place in one step."""
    work, skipped = done
    some, listed = len(skipped) < len(task.rows), skipped_sum(skipped)
    paths: dict[str, Path] = {}
    with staging(folder) as staged:
        for view, space in task.spaces.items() if some else ():
            key = table_request(space, task.rows, _contents(work))
            path = folder / f"{space.stem}.parquet"
            stands = is_up_to_date(path, key, overwrite=overwrite)
            if not stands or beside(path).get(SKIPPED, listed) != listed:
                batches = _batches(task, work, space)
                with told_in_full(path, staged / path.name):
                    write_batches(batches, staged / path.name, key, beside={SKIPPED: listed})
            paths[view] = path
        with holding(lock_of(folder, "commit"), wait=True):  # encoders share the list
            data = skipped_bytes(folder / SKIPPED, skipped, task.encoder.name)
            if not (folder / SKIPPED).is_file() or (folder / SKIPPED).read_bytes() != data:
                with told_in_full(folder / SKIPPED, staged / SKIPPED):
                    (staged / SKIPPED).write_bytes(data)
            replaced = replaced_forms(folder, task.spaces.values(), parts=False)
            commit(folder, staged, remove=replaced if some else ())
    return paths


def _skipped(rows: Rows, work: ResumableExtraction) -> pd.DataFrame:
    columns, found = ["image_id", "dataset", "path"], []
    for part in work.parts():
        bad = ~part.good
        if bad.any():
            left_out = rows.take(part.index[bad]).frame[columns]
            found.append(left_out.assign(reason=part.reason[bad].tolist()))
    if not found:
        return pd.DataFrame(columns=[*columns, "reason"], dtype=object)
    return pd.concat(found, ignore_index=True)


def _contents(work: ResumableExtraction) -> Iterator[str]:
    return (sha256 for part in work.parts() for sha256 in part.sha256.tolist())


def _batches(task: Task, work: ResumableExtraction, space: Space) -> Iterator[EmbeddingTable]:
    """Return the good images of each shard as a small table."""
    rows, made = task.rows, task.made
    columns = list(COLUMNS)
    if any(region != "whole" for region in rows.cells("region")):
        columns.append("region")
    for part in work.parts(space.view):
        if part.good.any():
            labels = _labels(rows, part, columns)
            yield EmbeddingTable(part.vectors[space.view], labels, space, made)


def _whole(task: Task, work: ResumableExtraction, space: Space) -> EmbeddingTable:
    """Return the good images of all shards as one table."""
    batches = list(_batches(task, work, space))
    joined = Rows(pd.concat([batch.rows.frame for batch in batches], ignore_index=True))
    return EmbeddingTable(
        np.concatenate([batch.vectors for batch in batches]), joined, space, task.made
    )


def _labels(rows: Rows, part: Shard, columns: list[str]) -> Rows:
    good = part.good
    measured = {
        "sha256": part.sha256[good].tolist(),
        "width": part.width[good],
        "height": part.height[good],
    }
    return Rows(rows.take(part.index[good]).frame[columns].assign(**measured))
