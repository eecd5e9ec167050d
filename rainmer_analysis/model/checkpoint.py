"""Weights in and out, through four doors.

Restricted reading (``reading``), canonical keys, widths read from the shapes of tensors, and
a descriptor, `Checkpoint`. Published names end here: behind these doors every key is that of
the bare encoder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from rainmer_analysis.errors import OutputExistsError, ParameterError, WeightsError
from rainmer_analysis.model.airnet import AirNetConfig, AirNetEncoder
from rainmer_analysis.model.canonical_state_dicts import (
    build_on_meta,
    check_state_fits,
    config_from_shapes,
    strip_wrapper_prefixes,
    to_canonical_keys,
)
from rainmer_analysis.model.encoder import EncoderConfig, RainmerEncoder
from rainmer_analysis.model.read_checkpoint import METADATA_KEY, checked_cpu_tensor, read_checkpoint
from rainmer_analysis.model.restorer.network import Restorer
from rainmer_analysis.values import write_bytes

__all__ = [
    "Checkpoint",
    "build_encoder",
    "load_weights",
    "metadata_texts",
    "read_entries_and_metadata",
    "refuse_other_metadata",
    "save_weights",
    "state_sha256",
]

_VERSION = 1
_NETWORKS: dict[str, type[nn.Module]] = {
    "rainmer": RainmerEncoder,
    "airnet": AirNetEncoder,
    "restorer": Restorer,
}


@dataclass(frozen=True)
class Checkpoint:
    """Weights of one encoder, checked.

    Parameters
    ----------
    kind
        ``"rainmer"`` or ``"airnet"``.
    config
        Widths, read from the shapes of the tensors.
    state
        Tensors by the bare encoder's keys; float32, counters int64, on the CPU.
    sha256
        `state_sha256` of `state`: the identity of the weights, not of the file, so that a
        .pth and a .safetensors with the same encoder are the same.
    metadata
        What the file says of itself; ``queue`` is the length K of AirNet's queue, if any.
    """

    kind: str
    config: EncoderConfig | AirNetConfig
    state: Mapping[str, Tensor]
    sha256: str
    metadata: Mapping[str, str]


def state_sha256(state: Mapping[str, Tensor]) -> str:
    """Name the weights: SHA-256 over sorted keys, shapes and little-endian float32 values.

    Counters (int64) enter as float32 too. Layout in memory, device and file format do not.

    Parameters
    ----------
    state
        Tensors by key.

    Returns
    -------
    64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().to("cpu", torch.float32).contiguous()
        digest.update(json.dumps([name, list(tensor.shape)]).encode())
        digest.update(tensor.numpy().astype("<f4", copy=False).tobytes())
    return digest.hexdigest()


def load_weights(path: str | Path) -> Checkpoint:
    """Read an encoder's weights from any file that carries them.

    Parameters
    ----------
    path
        Safetensors, or a ``torch.save`` file: a bare encoder, a whole Rainmer of any variant, a
        ``latest.tar`` wrapper, AirNet's contrastive part or a whole AirNet.

    Returns
    -------
    The checked weights.

    Raises
    ------
    WeightsError
        If the file cannot be read safely, holds no encoder, misses tensors or has some of a
        wrong shape or type, holds NaN or infinity, or contradicts its own metadata.
    """
    source = Path(path)
    raw, own = read_entries_and_metadata(source)
    try:
        layout = to_canonical_keys(raw)
        state = {name: checked_cpu_tensor(name, value) for name, value in layout.entries.items()}
        config = config_from_shapes(layout.kind, state)
        check_state_fits(config, state)
        sha256 = state_sha256(state)
        if own.get("kind") == "restorer":
            # The file speaks of the whole restorer, of which this is a part.
            whole = {
                name: checked_cpu_tensor(name, value)
                for name, value in strip_wrapper_prefixes(raw).items()
            }
            refuse_other_metadata(own, {"sha256": state_sha256(whole)})
        else:
            refuse_other_metadata(
                own, {"kind": layout.kind, "config": asdict(config), "sha256": sha256}
            )
    except WeightsError as error:
        msg = f"{source} cannot be used: {error}"
        raise WeightsError(msg) from error
    metadata = metadata_texts(own)
    if isinstance(layout.queue, Tensor) and layout.queue.ndim == 2:
        metadata.setdefault("queue", str(layout.queue.shape[1]))
    return Checkpoint(layout.kind, config, state, sha256, metadata)


def read_entries_and_metadata(source: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read entries and own metadata, refusing those of another version of this package."""
    raw, own = read_checkpoint(source)
    if own.get("version", _VERSION) != _VERSION:
        msg = (
            f"{source} is of version {own['version']!r}, this release reads version {_VERSION}; "
            "install a newer rainmer-analysis."
        )
        raise WeightsError(msg)
    return raw, own


def metadata_texts(own: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts kept in a file's own metadata."""
    stated = own.get("metadata")
    return {str(k): str(v) for k, v in stated.items()} if isinstance(stated, dict) else {}


def refuse_other_metadata(own: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Refuse a file whose metadata tell of other weights than its tensors are."""
    for name, value in found.items():
        if own.get(name, value) != value:
            msg = f"Its metadata and its tensors differ in {name}; fetch or write it again."
            raise WeightsError(msg)


def build_encoder(checkpoint: Checkpoint) -> RainmerEncoder | AirNetEncoder:
    """Make the module of a checkpoint, in eval mode, with its own copy of the tensors.

    No random number is drawn: the module is laid out without memory and the tensors put in.
    """
    module = build_on_meta(checkpoint.config)
    copies = {name: tensor.clone() for name, tensor in checkpoint.state.items()}
    module.load_state_dict(copies, assign=True)
    return module.eval()


def save_weights(
    module: nn.Module,
    path: str | Path,
    *,
    kind: str,
    metadata: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a network's weights as safetensors, atomically, byte for byte the same each time.

    Parameters
    ----------
    module
        A `RainmerEncoder`, `AirNetEncoder` or `Restorer`, on any device and of any floating
        type. A restorer is written whole, its momentum encoder included.
    path
        The file.
    kind
        ``"rainmer"``, ``"airnet"`` or ``"restorer"``; has to be what `module` is.
    metadata
        Texts to keep beside the configuration, for instance what the training was.
    overwrite
        Replace a file that is there.

    Returns
    -------
    The path.

    Raises
    ------
    ParameterError
        If `kind` is not that of `module`, or if metadata are no texts.
    OutputExistsError
        If the file is there and `overwrite` is not given.
    WeightsError
        If a tensor holds NaN or infinity.
    """
    if not isinstance(module, RainmerEncoder | AirNetEncoder | Restorer) or kind != _network_kind(
        module
    ):
        msg = (
            f"A {type(module).__name__} cannot be saved as {kind!r}; give a RainmerEncoder as "
            "'rainmer', an AirNetEncoder as 'airnet' or a Restorer as 'restorer'."
        )
        raise ParameterError(msg)
    texts = dict(metadata or {})
    if not all(isinstance(text, str) for pair in texts.items() for text in pair):
        msg = "Metadata of weights are texts; turn other values into texts, for instance JSON."
        raise ParameterError(msg)
    target = Path(path)
    if target.exists() and not overwrite:
        msg = f"{target} is already there; give another path or overwrite it on purpose."
        raise OutputExistsError(msg)
    state = {
        name: checked_cpu_tensor(name, value.detach())
        for name, value in module.state_dict().items()
    }
    own = {
        "kind": kind,
        "version": _VERSION,
        "config": asdict(module.config),
        "sha256": state_sha256(state),
        "metadata": texts,
    }
    # One entry: safetensors keeps several in no fixed order.
    data = safetensors.torch.save(state, {METADATA_KEY: json.dumps(own, sort_keys=True)})
    return write_bytes(target, data)


def _network_kind(module: nn.Module) -> str | None:
    return next((kind for kind, network in _NETWORKS.items() if type(module) is network), None)
