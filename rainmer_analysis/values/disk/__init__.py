"""Files and folders that appear whole or not at all, whatever ends the process.

What is written gets a unique hidden name, is synced, and is renamed into place; then the folder is
synced. Several files that belong together are committed by one rename, that of a list of them. So
results are right whether locks work or not; a lock makes the polite message. Files of weights are
told from others by their first bytes.
"""

from __future__ import annotations

from rainmer_analysis.values.disk.atomic_outputs import (
    checked_suffix,
    demand_writable,
    write_atomically,
    write_bytes,
    write_text,
)
from rainmer_analysis.values.disk.checksummed_folders import (
    atomic_folder,
    read_folder_index,
    reserve_disk_space,
    write_folder_index,
)
from rainmer_analysis.values.disk.checksummed_json import (
    demand_known_version,
    read_json,
    verify_and_drop_checksum,
    with_checksum,
)
from rainmer_analysis.values.disk.file_locks import demand_unlocked, hold_lock, lock_path_of
from rainmer_analysis.values.disk.folder_commit import (
    commit_staged_files,
    finish_interrupted_commit,
    recover_folder,
    staging_folder,
)
from rainmer_analysis.values.disk.leftover_temporary_files import remove_leftovers
from rainmer_analysis.values.disk.read_during_commit import (
    CommittedFile,
    call_with_committed_path,
    find_committed_path,
)
from rainmer_analysis.values.disk.sync_and_storage_errors import (
    sync_folder,
    translate_storage_errors,
)
from rainmer_analysis.values.disk.weights_file_checks import (
    WEIGHTS_ALLOWED,
    detect_weights_format,
    refuse_existing_non_weights,
)

__all__ = [
    "WEIGHTS_ALLOWED",
    "CommittedFile",
    "atomic_folder",
    "call_with_committed_path",
    "checked_suffix",
    "commit_staged_files",
    "demand_known_version",
    "demand_unlocked",
    "demand_writable",
    "detect_weights_format",
    "find_committed_path",
    "finish_interrupted_commit",
    "hold_lock",
    "lock_path_of",
    "read_folder_index",
    "read_json",
    "recover_folder",
    "refuse_existing_non_weights",
    "remove_leftovers",
    "reserve_disk_space",
    "staging_folder",
    "sync_folder",
    "translate_storage_errors",
    "verify_and_drop_checksum",
    "with_checksum",
    "write_atomically",
    "write_bytes",
    "write_folder_index",
    "write_text",
]
