"""Parts of all ranks become tables that anybody can read, in one step."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from rainmer_analysis.infer.extraction.output_folder import (
    SKIPPED,
    merge_skipped_list,
    names_of_other_form,
    read_skipped_list,
    remove_tables_of_other_form,
)
from rainmer_analysis.values import (
    PARTS,
    Space,
    commit_staged_files,
    hold_lock,
    lock_path_of,
    staging_folder,
    write_part_list,
)

__all__ = ["pending_folder", "publish_rank_parts", "remove_pending_folders"]


def pending_folder(folder: Path, spaces: Mapping[str, Space], world: int, key: str) -> Path:
    """Return the hidden folder in which ranks keep their parts until all have finished."""
    return folder / f"{_pending_prefix(spaces)}{world}-{key[:16]}"


def remove_pending_folders(folder: Path, spaces: Mapping[str, Space]) -> None:
    """Remove parts of unfinished runs for these tables: they answer a request now."""
    for left in folder.glob(f"{_pending_prefix(spaces)}*"):
        shutil.rmtree(left, ignore_errors=True)


def publish_rank_parts(pending: Path, folder: Path, spaces: Mapping[str, Space]) -> None:
    """Make the parts of all ranks visible as one table per view."""
    parts = sorted(path for path in pending.iterdir() if path.name.startswith("part-"))
    with staging_folder(folder) as staged:
        for space in spaces.values():
            found = [part for part in parts if (part / f"{space.stem}.parquet").exists()]
            for part in found:
                (staged / space.stem).mkdir(exist_ok=True)
                source = part / f"{space.stem}.parquet"
                _link_or_copy_part(source, staged / space.stem / f"{part.name}.parquet")
            if found:
                write_part_list(staged / space.stem, staged / space.stem / PARTS)
        encoder = next(iter(spaces.values())).encoder
        skipped = [read_skipped_list(part / SKIPPED) for part in parts]
        with hold_lock(lock_path_of(folder, "commit"), wait=True):
            data = merge_skipped_list(
                folder / SKIPPED, pd.concat(skipped, ignore_index=True), encoder
            )
            (staged / SKIPPED).write_bytes(data)
            replaced = names_of_other_form(folder, spaces.values(), parts=True)
            emptied = _names_of_emptied_tables(folder, staged, spaces)
            commit_staged_files(folder, staged, remove=(*replaced, *emptied))
    remove_tables_of_other_form(folder, spaces.values(), parts=True)
    remove_pending_folders(folder, spaces)


def _names_of_emptied_tables(
    folder: Path, staged: Path, spaces: Mapping[str, Space]
) -> tuple[str, ...]:
    """Return the names of tables that no image is left in."""
    stems = [space.stem for space in spaces.values()]
    return tuple(
        stem for stem in stems if (folder / stem).is_dir() and not (staged / stem).exists()
    )


def _link_or_copy_part(source: Path, target: Path) -> None:
    """Let a finished part have a second name, so that it is not lost with the first."""
    try:
        os.link(source, target)
    except OSError:  # no hard links here
        shutil.copyfile(source, target)


def _pending_prefix(spaces: Mapping[str, Space]) -> str:
    encoder = next(iter(spaces.values())).encoder
    return f".ranks-{encoder.replace(':', '-').replace('/', '-')}-"
