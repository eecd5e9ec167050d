"""Each process's share of an extraction, and the whole of it.

The image set is cut into one run of consecutive rows per rank. Each rank extracts its rows into a
folder of its own, which is restartable by itself; when all have finished, the first one makes
their tables visible at once, as folders of parts in the order of the rows. So a table on disk is
complete or not there, and read as a whole it equals that of a single process row for row.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd

from rainmer_analysis.distributed import (
    Ranks,
    all_agree,
    broadcast_text,
    process_group,
    raise_everywhere_if_one_fails,
)
from rainmer_analysis.errors import SourceError
from rainmer_analysis.infer.encoders import Encoder, encoder_spaces
from rainmer_analysis.infer.extraction.existing_rank_parts import is_share_up_to_date
from rainmer_analysis.infer.extraction.extract import extract
from rainmer_analysis.infer.extraction.extraction_result import (
    Extraction,
    read_extraction_over_ranks,
)
from rainmer_analysis.infer.extraction.output_folder import (
    SKIPPED,
    SKIPPED_COLUMNS,
    read_skipped_list,
    refuse_file_as_folder,
    resumed_work_digest,
)
from rainmer_analysis.infer.extraction.publish_rank_parts import (
    pending_folder,
    publish_rank_parts,
    remove_pending_folders,
)
from rainmer_analysis.values import ImageSet, Rows, digest, hold_lock, lock_path_of, recover_folder

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
    span = place.row_range(len(rows))
    share = place, rows.take(span)
    with process_group(place), ExitStack() as held:
        with raise_everywhere_if_one_fails():
            _refuse_other_images_on_ranks(rows)
            refuse_file_as_folder(folder)
            if place.rank == 0:
                held.enter_context(hold_lock(lock_path_of(folder, encoder.name)))
                recover_folder(folder)
        with raise_everywhere_if_one_fails():
            mine = is_share_up_to_date(folder, spaces, share, overwrite=overwrite)
        stands = all_agree(mine)
        if not stands:
            # of files that may change meanwhile
            key = broadcast_text(lambda: resumed_work_digest(spaces, rows))
            pending = pending_folder(folder, spaces, place.world, key)
            with raise_everywhere_if_one_fails():
                _extract_share(images, encoder, span, out=pending / place.part_name, **options)
            with raise_everywhere_if_one_fails():
                if place.rank == 0:
                    publish_rank_parts(pending, folder, spaces)
        elif place.rank == 0:
            remove_pending_folders(folder, spaces)
        if place.rank != 0:
            return Extraction({}, _EMPTY, {}, up_to_date=stands)
        found = read_extraction_over_ranks(folder, spaces, up_to_date=stands)
    left_out = len(found.skipped)
    if left_out == len(rows) or (strict and left_out):
        raise SourceError(
            f"{left_out} of {len(rows)} images were left out; see {folder / SKIPPED}, "
            "and repair or remove them, or do without strict"
        )
    return found


def _refuse_other_images_on_ranks(rows: Rows) -> None:
    """Make sure that all ranks share out the same images."""
    own = digest({name: map(str, rows.cells(name)) for name in ("image_id", "region")})
    if broadcast_text(lambda: own) != own:
        raise SourceError(
            "this process finds other images than the first one; give all of them the same "
            "sources, and leave the folders as they are meanwhile"
        )


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
        if len(read_skipped_list(out / SKIPPED)) < len(mine):
            raise
