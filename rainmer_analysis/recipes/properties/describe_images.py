"""Folders of images to a table of the published measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from rainmer_analysis.images import Sources, find_datasets, sample_datasets
from rainmer_analysis.recipes.properties.description_files import (
    account_for_left_out,
    check_description_outputs,
    listed_unusable_files,
    skipped_list_path,
    write_skipped_list,
)
from rainmer_analysis.recipes.properties.measure_images import (
    measure_and_write_table,
    read_up_to_date_table,
)
from rainmer_analysis.recipes.resumable_work import thread_count
from rainmer_analysis.values import ImageSet, PropertyTable, hold_lock, lock_path_of

__all__ = ["Description", "describe"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Description:
    """The measures of images, and what could not be used.

    Parameters
    ----------
    table
        A row per image that can be read.
    left_out
        Images that cannot be used: ``image_id``, ``dataset``, ``path``, ``reason``.
    partners
        Clean partners that cannot be used, in the same columns; their images have rows, without
        the measures of the pair.
    path
        The file; None where nothing was written.
    up_to_date
        Whether the file answered the identical request already.
    accounts
        By dataset, what became of all files that lie in its folder.
    """

    table: PropertyTable
    left_out: pd.DataFrame
    partners: pd.DataFrame
    path: Path | None = None
    up_to_date: bool = False
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def describe(
    sources: Sources | ImageSet,
    *,
    out: str | Path | None = None,
    root: str | Path | None = None,
    per_dataset: int | None = None,
    seed: int = 42,
    workers: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Description:
    """Measure images and pairs as the published measurements of the real sets did.

    Every image that can be read has a row. A measure that is not defined is NaN, null in the
    file: those of a pair for an image without a usable partner, the rain's gradient and colour
    where no pixel changes by more than 8 levels.

    Parameters
    ----------
    sources
        As for `extract`, or an image set.
    out
        Parquet file; files that cannot be used are named beside it in ``<stem>.skipped.csv``.
        Without it nothing is written. An interrupted run is continued.
    root
        Folder of the paper's datasets.
    per_dataset, seed
        Images drawn from each dataset, by default all, and the seed of the draw.
    workers
        Threads, by default up to four; the measures do not depend on them.
    overwrite
        Whether another file may be replaced.
    progress
        Called as ``progress(done, total)``.

    Raises
    ------
    SourceError
        A source cannot be used, or no image can.
    OutputExistsError
        Something else lies at `out` or where the list goes.
    ParameterError
        `out` does not end in ``.parquet``, or `workers` is under 1.
    """
    path, threads = None if out is None else Path(out), thread_count(workers)
    if path is not None:
        check_description_outputs(path, overwrite=overwrite)
    datasets = () if isinstance(sources, ImageSet) else find_datasets(sources, root=root)
    images = (
        sources
        if isinstance(sources, ImageSet)
        else sample_datasets(datasets, per_dataset=per_dataset, seed=seed)
    )
    with ExitStack() as held:
        if path is not None:
            held.enter_context(hold_lock(lock_path_of(path)))
        known = None if path is None else read_up_to_date_table(path, images, overwrite=overwrite)
        current = known is not None
        if known is None:
            known = measure_and_write_table(images, path, threads, progress, overwrite=overwrite)
        left_out, partners = (listed_unusable_files(known, key) for key in ("left_out", "partners"))
        if path is not None:
            write_skipped_list(skipped_list_path(path), left_out, partners)
    accounts = account_for_left_out(datasets, images, left_out)
    return Description(known, left_out, partners, path, current, accounts)
