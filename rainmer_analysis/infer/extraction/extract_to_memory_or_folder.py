"""Vectors become tables: in memory, or in a folder, where all views appear in one step."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from rainmer_analysis.infer.extraction.extraction_result import (
    Extraction,
    TablesOnDisk,
    find_existing_extraction,
)
from rainmer_analysis.infer.extraction.extraction_task import ExtractionTask
from rainmer_analysis.infer.extraction.output_folder import (
    SKIPPED,
    merge_skipped_list,
    names_of_other_form,
    refuse_file_as_folder,
    remove_tables_of_other_form,
    skipped_digest,
    table_request_digest,
)
from rainmer_analysis.infer.extraction.resumable_extraction import (
    ResumableExtraction,
    WorkVanishedError,
    find_unfinished_work_folder,
    remove_unfinished_work,
)
from rainmer_analysis.values import (
    commit_staged_files,
    companion_digests,
    demand_writable,
    hold_lock,
    lock_path_of,
    recover_folder,
    staging_folder,
    translate_storage_errors,
    up_to_date_or_refuse,
    write_parquet_batches,
)

__all__ = ["extract_in_memory", "extract_into_folder"]

_TRIES = 3


def extract_in_memory(task: ExtractionTask) -> Extraction:
    """Encode, and give the tables."""
    work = _run_extraction(task, None)
    skipped = work.left_out_images()
    if len(skipped) == len(task.rows):
        return Extraction({}, skipped, {})
    provenance = task.provenance
    tables = {view: work.joined_table(space, provenance) for view, space in task.spaces.items()}
    return Extraction(tables, skipped, {})


def extract_into_folder(task: ExtractionTask, folder: Path, *, overwrite: bool) -> Extraction:
    """Return what stands in a folder, or encode and write it.

    One process at a time does this for an encoder. Where locks do not work and another one has
    removed the work that both were doing, what it has written stands, or the work is done anew.
    """
    refuse_file_as_folder(folder)
    with hold_lock(lock_path_of(folder, task.encoder.name)):
        recover_folder(folder)
        for _ in range(_TRIES - 1):
            try:
                return _find_or_extract(task, folder, overwrite=overwrite)
            except (WorkVanishedError, FileNotFoundError):
                continue
        return _find_or_extract(task, folder, overwrite=overwrite)


def _find_or_extract(task: ExtractionTask, folder: Path, *, overwrite: bool) -> Extraction:
    spaces = task.spaces
    found = find_existing_extraction(folder, spaces, task.rows, overwrite=overwrite)
    if found is None:
        demand_writable(folder)
        work = _run_extraction(task, find_unfinished_work_folder(folder, spaces, task.rows))
        skipped = work.left_out_images()
        paths = _publish_tables_and_skipped_list(task, folder, (work, skipped), overwrite=overwrite)
        work.discard()
        found = Extraction(TablesOnDisk(paths), skipped, paths)
    remove_tables_of_other_form(folder, spaces.values(), parts=False)
    remove_unfinished_work(folder, spaces)
    return found


def _run_extraction(task: ExtractionTask, folder: Path | None) -> ResumableExtraction:
    work = ResumableExtraction(task.rows, task.encoder.views, folder)
    work.run(task.encode, task.progress)
    return work


def _publish_tables_and_skipped_list(
    task: ExtractionTask,
    folder: Path,
    done: tuple[ResumableExtraction, pd.DataFrame],
    *,
    overwrite: bool,
) -> dict[str, Path]:
    """Write tables and list aside, then put all of them in place in one step."""
    work, skipped = done
    some, listed = len(skipped) < len(task.rows), skipped_digest(skipped)
    paths: dict[str, Path] = {}
    with staging_folder(folder) as staged:
        for view, space in task.spaces.items() if some else ():
            key = table_request_digest(space, task.rows, work.file_digests())
            path = folder / f"{space.stem}.parquet"
            stands = up_to_date_or_refuse(path, key, overwrite=overwrite)
            if not stands or companion_digests(path).get(SKIPPED, listed) != listed:
                batches = work.table_batches(space, task.provenance)
                with translate_storage_errors(path, staged / path.name):
                    write_parquet_batches(
                        batches, staged / path.name, key, beside={SKIPPED: listed}
                    )
            paths[view] = path
        with hold_lock(lock_path_of(folder, "commit"), wait=True):  # encoders share the list
            data = merge_skipped_list(folder / SKIPPED, skipped, task.encoder.name)
            if not (folder / SKIPPED).is_file() or (folder / SKIPPED).read_bytes() != data:
                with translate_storage_errors(folder / SKIPPED, staged / SKIPPED):
                    (staged / SKIPPED).write_bytes(data)
            replaced = names_of_other_form(folder, task.spaces.values(), parts=False)
            commit_staged_files(folder, staged, remove=replaced if some else ())
    return paths
