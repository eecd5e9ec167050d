"""Each process's share of an extraction, and the whole of it.

The image set is cut into one run of consecutive rows per rank. Each rank extracts its rows into a
folder of its own, which is restartable by itself; when all have finished, the first one makes
their tables visible at once, as folders of parts in the order of the rows. So a table on disk is
complete or not there, and read as a whole it equals that of a single process row for row.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pandas as pd

from rainmer_analysis.errors import FileFormatError, ImageError, OutputExistsError, SourceError
from rainmer_analysis.images import read_image
from rainmer_analysis.infer.distributed.processes import (
    Ranks,
    all_agree,
    broadcast_text,
    process_group,
    raise_first_error,
)
from rainmer_analysis.infer.distributed.publishing import (
    pending_folder,
    publish_tables,
    reclaim_pending,
)
from rainmer_analysis.infer.encoders import Encoder, encoder_spaces
from rainmer_analysis.infer.extract import extract
from rainmer_analysis.infer.extraction import Extraction, TablesOnDisk
from rainmer_analysis.infer.outputs import (
    SKIPPED,
    SKIPPED_COLUMNS,
    check_folder,
    check_no_other_form,
    check_skipped,
    read_skipped,
    resume_key,
    table_request,
)
from rainmer_analysis.infer.stream import content_hashes
from rainmer_analysis.values import (
    ImageSet,
    Rows,
    Space,
    digest,
    holding,
    is_up_to_date,
    lock_of,
    parts_of,
    recover,
)

__all__ = ["extract_over_ranks"]

_EMPTY = pd.DataFrame(columns=list(SKIPPED_COLUMNS))


def extract_over_ranks(
    images: ImageSet,
    encoder: Encoder,
    place: Ranks,
    *,
    out: str | Path,
    overwrite: bool = False,
    strict: bool = False,
    **options: Any,
) -> Extraction:
    """Do this rank's share of an extraction and wait for the others.

    Parameters
    ----------
    images
        The whole set, the same on all ranks.
    encoder
        As for `extract`, the same on all ranks.
    place
        This process among all.
    out
        Folder that all ranks see: gets a folder of parts per view, and ``skipped.csv``.
    overwrite, strict, options
        As for `extract`.

    Returns
    -------
    Extraction
        On the first rank of the whole; on the others without tables.

    Raises
    ------
    SourceError
        No image of the whole set could be used, or one was left out under `strict`.
    OutputExistsError
        Another table lies in `out`.
    OutputInUseError
        Another run is writing these tables.
    ProcessError
        One of the processes has ended.
    """
    folder, rows = Path(out), images.rows
    spaces = encoder_spaces(encoder, rule=encoder.preprocessing)
    span = place.span(len(rows))
    share = place, rows.take(span)
    with process_group(place), ExitStack() as held:
        with raise_first_error():
            _check_images(rows)
            check_folder(folder)
            if place.rank == 0:
                held.enter_context(holding(lock_of(folder, encoder.name)))
                recover(folder)
        with raise_first_error():
            check_no_other_form(folder, spaces.values(), parts=True, overwrite=overwrite)
            check_skipped(folder / SKIPPED, overwrite=overwrite)
            mine = _is_up_to_date(folder, spaces, share, overwrite=overwrite)
        stands = all_agree(mine)
        if not stands:
            key = broadcast_text(
                lambda: resume_key(spaces, rows)
            )  # of files that may change meanwhile
            pending = pending_folder(folder, spaces, place.world, key)
            with raise_first_error():
                _extract_share(images, encoder, span, out=pending / place.part, **options)
            with raise_first_error():
                if place.rank == 0:
                    publish_tables(pending, folder, spaces)
        elif place.rank == 0:
            reclaim_pending(folder, spaces)
        if place.rank != 0:
            return Extraction({}, _EMPTY, {}, up_to_date=stands)
        return _read_whole_extraction(folder, spaces, len(rows), (stands, strict))


def _check_images(rows: Rows) -> None:
    """Make sure that all ranks share out the same images."""
    own = digest({name: map(str, rows.cells(name)) for name in ("image_id", "region")})
    if broadcast_text(lambda: own) != own:
        raise SourceError(
            "this process finds other images than the first one; give all of them the same "
            "sources, and leave the folders as they are meanwhile"
        )


def _is_up_to_date(
    folder: Path,
    spaces: Mapping[str, Space],
    share: tuple[Ranks, Rows],
    *,
    overwrite: bool,
) -> bool:
    """Return whether this rank's parts answer the identical request already."""
    place, rows = share
    try:
        known = read_skipped(folder / SKIPPED)
    except FileFormatError:  # `check_skipped` has seen it: it may be replaced
        return False
    encoder = next(iter(spaces.values())).encoder
    listed = set(known.loc[known["encoder"] == encoder, "image_id"])
    if all(name in listed for name in rows.cells("image_id")) and not _some_readable(rows):
        return True  # none of this share can be used, so it has no part
    tables = [folder / space.stem for space in spaces.values()]
    if not any(table.exists() for table in tables):
        return False
    if broken := [table for table in tables if table.exists() and not _is_whole(table)]:
        if overwrite:
            return False
        raise OutputExistsError(
            f"{broken[0]} lacks a part, so that it already exists and holds something else; "
            "give another folder or allow --overwrite (overwrite=True in Python)"
        )
    found = list(content_hashes(rows))
    for table, space in zip(tables, spaces.values(), strict=True):
        part = table / f"{place.part}.parquet"
        if not overwrite and table.exists() and not part.exists() and len(rows):
            raise OutputExistsError(
                f"{table} already exists and holds something else; "
                "give another folder or allow --overwrite (overwrite=True in Python)"
            )
        if not is_up_to_date(part, table_request(space, rows, found), overwrite=overwrite):
            return False
    return (folder / SKIPPED).exists()


def _is_whole(table: Path) -> bool:
    try:
        return bool(parts_of(table))
    except FileFormatError:
        return False


def _some_readable(rows: Rows) -> bool:
    """Return whether an image can be read, as after a repair."""
    for path, region in zip(rows.cells("path"), rows.cells("region"), strict=True):
        with suppress(ImageError):
            read_image(path, region=region)
            return True
    return False


def _extract_share(
    images: ImageSet, encoder: Encoder, span: range, *, out: Path, **options: Any
) -> None:
    """Extract this rank's rows; that none of them can be used is no error yet."""
    if not span:
        return
    mine = ImageSet(images.rows.take(span), images.sampling)
    try:
        extract(mine, encoder, out=out, overwrite=True, **options)
    except SourceError:
        if len(read_skipped(out / SKIPPED)) < len(mine):
            raise


def _read_whole_extraction(
    folder: Path, spaces: Mapping[str, Space], total: int, told: tuple[bool, bool]
) -> Extraction:
    """Return the whole from disk, and judge what was left out."""
    stands, strict = told
    listed = read_skipped(folder / SKIPPED)
    mine = listed["encoder"] == next(iter(spaces.values())).encoder
    skipped = listed.loc[mine, list(SKIPPED_COLUMNS)].reset_index(drop=True)
    paths = {view: folder / space.stem for view, space in spaces.items()}
    if len(skipped) == total or (strict and len(skipped)):
        raise SourceError(
            f"{len(skipped)} of {total} images were left out; see {folder / SKIPPED}, "
            "and repair or remove them, or do without strict"
        )
    return Extraction(TablesOnDisk(paths), skipped, paths, up_to_date=stands)
