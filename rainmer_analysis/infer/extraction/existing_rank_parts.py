"""Whether the parts of a table that a rank would write exist already."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from rainmer_analysis.distributed import Ranks
from rainmer_analysis.errors import FileFormatError, ImageError, OutputExistsError
from rainmer_analysis.images import content_hashes, read_image
from rainmer_analysis.infer.extraction.output_folder import (
    SKIPPED,
    read_skipped_list,
    refuse_foreign_skipped_list,
    refuse_tables_of_other_form,
    table_request_digest,
)
from rainmer_analysis.values import Rows, Space, part_files_of, up_to_date_or_refuse

__all__ = ["is_share_up_to_date"]


def is_share_up_to_date(
    folder: Path, spaces: Mapping[str, Space], share: tuple[Ranks, Rows], *, overwrite: bool
) -> bool:
    """Return whether this rank's parts answer the identical request already.

    Raises
    ------
    OutputExistsError
        Another table lies in the folder, or one in another form, and `overwrite` is False.
    """
    refuse_tables_of_other_form(folder, spaces.values(), parts=True, overwrite=overwrite)
    refuse_foreign_skipped_list(folder / SKIPPED, overwrite=overwrite)
    place, rows = share
    try:
        known = read_skipped_list(folder / SKIPPED)
    except FileFormatError:  # `refuse_foreign_skipped_list` has seen it: it may be replaced
        return False
    encoder = next(iter(spaces.values())).encoder
    listed = set(known.loc[known["encoder"] == encoder, "image_id"])
    if all(name in listed for name in rows.cells("image_id")) and not _is_any_image_readable(rows):
        return True  # none of this share can be used, so it has no part
    tables = [folder / space.stem for space in spaces.values()]
    if not any(table.exists() for table in tables):
        return False
    if broken := [table for table in tables if table.exists() and not _has_all_parts(table)]:
        if overwrite:
            return False
        raise OutputExistsError(
            f"{broken[0]} lacks a part, so that it already exists and holds something else; "
            "give another folder or allow --overwrite (overwrite=True in Python)"
        )
    found = list(content_hashes(rows.cells("path")))
    for table, space in zip(tables, spaces.values(), strict=True):
        part = table / f"{place.part_name}.parquet"
        if not overwrite and table.exists() and not part.exists() and len(rows):
            raise OutputExistsError.at(table, "folder")
        if not up_to_date_or_refuse(
            part, table_request_digest(space, rows, found), overwrite=overwrite
        ):
            return False
    return (folder / SKIPPED).exists()


def _has_all_parts(table: Path) -> bool:
    try:
        return bool(part_files_of(table))
    except FileFormatError:
        return False


def _is_any_image_readable(rows: Rows) -> bool:
    """Return whether an image can be read, as after a repair."""
    for path, region in zip(rows.cells("path"), rows.cells("region"), strict=True):
        with suppress(ImageError):
            read_image(path, region=region)
            return True
    return False
