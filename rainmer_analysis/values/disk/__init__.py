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
from rainmer_analysis.values.disk.commit import commit, finish, recover, staging
from rainmer_analysis.values.disk.committed import CommittedFile, located, reach
from rainmer_analysis.values.disk.durable_writes import sync_folder, told_in_full
from rainmer_analysis.values.disk.json_documents import read_json, stamped, unstamped
from rainmer_analysis.values.disk.locks import demand_free, holding, lock_of
from rainmer_analysis.values.disk.outputs import demand_suffix, write_bytes, write_text
from rainmer_analysis.values.disk.temporary_files import sweep
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
    "demand_free",
    "demand_suffix",
    "demand_weights",
    "demand_writable",
    "finish",
    "holding",
    "located",
    "lock_of",
    "reach",
    "read_index",
    "read_json",
    "recover",
    "reserve",
    "staging",
    "stamped",
    "sweep",
    "sync_folder",
    "tensor_format",
    "told_in_full",
    "unstamped",
    "write_atomically",
    "write_bytes",
    "write_index",
    "write_text",
]
