"""The first door of a checkpoint: bytes to tensors, and to nothing else.

Two formats are read, told apart by their first bytes and not by their names: safetensors,
and what ``torch.save`` writes. The second is a pickle, so it passes only through torch's
restricted unpickler, which knows tensors and plain containers and runs no code.
"""

from __future__ import annotations

import json
import logging
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from rainmer_analysis.errors import WeightsError
from rainmer_analysis.model.checkpoint_safety import (
    checked_safetensors_header,
    refuse_unsafe_unpickler,
    refuse_zip_bomb,
)
from rainmer_analysis.values import WEIGHTS_ALLOWED, detect_weights_format

__all__ = ["METADATA_KEY", "checked_cpu_tensor", "read_checkpoint"]

METADATA_KEY = "rainmer_analysis"

# Usual names of a state dict within a checkpoint; averaged weights before those they follow, as
# they are what is published and evaluated.
_WRAPPERS = (
    "params_ema",
    "params",
    "state_dict_ema",
    "state_dict",
    "model_state_dict",
    "model_ema",
    "model",
    "net",
)
_DAMAGE = (
    *(SafetensorError, ValueError, KeyError, TypeError, AttributeError, OverflowError),
    *(RecursionError, MemoryError),
)
_log = logging.getLogger(__name__)


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the entries of a weights file.

    Parameters
    ----------
    path
        A safetensors file, or what ``torch.save`` wrote: a state dict, or one wrapped as
        ``{"epoch", "model", "optim", "k_optim"}``.

    Returns
    -------
    Entries by name as they stand in the file, and this package's own metadata (empty if the
    file has none).

    Raises
    ------
    WeightsError
        If the file is missing, empty, damaged, of another format, or holds a pickle that
        wants more than tensors.
    """
    if detect_weights_format(path) == "safetensors":
        return _read_safetensors(path)
    return _find_state_dict(_read_pickled_tensors(path), path), {}


def _read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    # Whole bytes rather than a memory map: a file replaced later must not change the tensors.
    data = path.read_bytes()
    header = checked_safetensors_header(path, data)
    try:
        tensors = safetensors.torch.load(data)
        own = json.loads(header.get("__metadata__", {}).get(METADATA_KEY, "{}"))
    except _DAMAGE as error:
        msg = f"{path} is a damaged or truncated safetensors file; fetch or write it again."
        raise WeightsError(msg) from error
    if not isinstance(own, dict):
        msg = f"{path} holds metadata that this package did not write; write the file again."
        raise WeightsError(msg)
    return dict(tensors), own


def _read_pickled_tensors(path: Path) -> object:
    refuse_unsafe_unpickler(path, torch.__version__)
    if zipfile.is_zipfile(path):
        refuse_zip_bomb(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle makes the unpickler raise nearly anything
        if "weights only" in str(error).lower() or "weights_only" in str(error).lower():
            msg = (
                f"{path} holds objects other than tensors, which are never loaded; "
                "save the model's state_dict() alone."
            )
        else:
            msg = f"{path} is damaged, truncated or no torch checkpoint; fetch or write it again."
        raise WeightsError(msg) from error
    return loaded


def _find_state_dict(loaded: object, path: Path) -> dict[str, Any]:
    """Find the state dict in what was loaded: itself, or under one of the usual names."""
    if isinstance(loaded, Mapping):
        for name in _WRAPPERS:
            inner = loaded.get(name)
            if isinstance(inner, Mapping):
                others = [
                    other for other in _WRAPPERS if other != name and _holds_mapping(loaded, other)
                ]
                if others:
                    _log.info("%s: %r is read, not %s", path, name, " or ".join(map(repr, others)))
                loaded = inner
                break
    if isinstance(loaded, Mapping) and all(isinstance(key, str) for key in loaded):
        return dict(loaded)
    msg = f"{path} holds a {type(loaded).__name__} without a state dict; {WEIGHTS_ALLOWED}."
    raise WeightsError(msg)


def _holds_mapping(loaded: Mapping[Any, Any], name: str) -> bool:
    return isinstance(loaded.get(name), Mapping)


def checked_cpu_tensor(name: str, value: object) -> Tensor:
    """Return a dense, finite tensor on the CPU, or refuse."""
    if not isinstance(value, Tensor) or value.layout != torch.strided or value.is_meta:
        msg = f"{name} is no dense tensor; save the model's state_dict() alone."
        raise WeightsError(msg)
    value = value.detach()
    # Strides may claim a large tensor over a small storage; a copy of it would fill the memory.
    if value.numel() * value.element_size() > value.untyped_storage().nbytes():
        msg = f"{name} claims more values than the file holds; fetch or write it again."
        raise WeightsError(msg)
    if value.dtype == torch.int64:
        return value.cpu().contiguous()
    if not value.is_floating_point():
        msg = f"{name} has type {value.dtype}; weights are floating-point numbers."
        raise WeightsError(msg)
    tensor = value.to("cpu", torch.float32).contiguous()
    if not bool(tensor.isfinite().all()):
        msg = f"{name} holds NaN or infinity; take an earlier checkpoint."
        raise WeightsError(msg)
    return tensor
