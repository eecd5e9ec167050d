"""Files and folders that appear whole or not at all, whatever ends the process.

What is written gets a unique hidden name, is synced, and is renamed into place; then the folder is
synced. Several files that belong together are committed by one rename, that of a list of them. So
results are right whether locks work or not; a lock makes the polite message. Files of weights are
told from others by their first bytes.
"""

from __future__ import annotations

from rainmer_analysis.values.disk.atomic import demand_writable, write_atomically
from rainmer_analysis.values.disk.checked_folders import (
    atomic_folder,
    read_index,
    reserve,
    write_index,
)
from rainmer_analysis.values.disk.committed_files import (
    CommittedFile,
    committed_path,
    open_committed,
)
from rainmer_analysis.values.disk.folder_commit import commit, finish, recover, staging
from rainmer_analysis.values.disk.json_documents import (
    demand_known_version,
    read_json,
    with_checksum,
    without_checksum,
)
from rainmer_analysis.values.disk.locks import demand_unlocked, hold_lock, lock_of
from rainmer_analysis.values.disk.outputs import demand_suffix, write_bytes, write_text
from rainmer_analysis.values.disk.sync_to_disk import storage_errors, sync_folder
from rainmer_analysis.values.disk.temporary_files import remove_leftovers
from rainmer_analysis.values.disk.tensor_files import (
    WEIGHTS_ALLOWED,
    demand_weights,
    tensor_format,
)

__all__ = [
    "WEIGHTS_ALLOWED",
    "CommittedFile",
    "atomic_folder",
    "commit",
    "committed_path",
    "demand_known_version",
    "demand_suffix",
    "demand_unlocked",
    "demand_weights",
    "demand_writable",
    "finish",
    "hold_lock",
    "lock_of",
    "open_committed",
    "read_index",
    "read_json",
    "recover",
    "remove_leftovers",
    "reserve",
    "staging",
    "storage_errors",
    "sync_folder",
    "tensor_format",
    "with_checksum",
    "without_checksum",
    "write_atomically",
    "write_bytes",
    "write_index",
    "write_text",
]
