"""A restorer's weights in: the doors of ``checkpoint``, for the whole network.

Published files name neither their variant nor their configuration; files of this package do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from rainmer_analysis.errors import ParameterError, WeightsError
from rainmer_analysis.model.canonical_state_dicts import (
    build_on_meta,
    check_state_fits,
    strip_wrapper_prefixes,
)
from rainmer_analysis.model.checkpoint import (
    metadata_texts,
    read_entries_and_metadata,
    refuse_other_metadata,
    state_sha256,
)
from rainmer_analysis.model.read_checkpoint import checked_cpu_tensor
from rainmer_analysis.model.restorer.config import RestorerConfig
from rainmer_analysis.model.restorer.config_from_weights import (
    RESTORER_TENSOR,
    restorer_config_from_tensors,
)
from rainmer_analysis.model.restorer.network import Restorer

__all__ = ["RestorerCheckpoint", "build_restorer", "load_restorer_checkpoint"]


@dataclass(frozen=True)
class RestorerCheckpoint:
    """Weights of a whole restorer, checked.

    Parameters
    ----------
    config
        From the file's metadata, or read from the names and shapes of its tensors.
    state
        Tensors by published names; float32, on the CPU.
    sha256
        ``state_sha256`` of `state`: the identity of the weights, not of the file.
    metadata
        What the file says of itself.
    """

    config: RestorerConfig
    state: Mapping[str, Tensor]
    sha256: str
    metadata: Mapping[str, str]


def load_restorer_checkpoint(
    path: str | Path, *, variant: str | None = None, ties: str | None = None
) -> RestorerCheckpoint:
    """Read a restorer's weights from any file that carries them.

    Parameters
    ----------
    path
        Safetensors, or a ``torch.save`` file: a state dict of any published variant, bare or in
        a ``latest.tar`` wrapper, from data parallelism or compilation or neither.
    variant
        The variant's name, for published files whose tensors fit several.
    ties
        Rule that ranks equal attentions; None for the file's own, or ``"lowest"`` if it has
        none. ``"published"`` for published weights as their authors ran them.

    Returns
    -------
    The checked weights.

    Raises
    ------
    WeightsError
        If the file cannot be read safely, holds no restorer, misses tensors or has some of a
        wrong shape or type, holds NaN or infinity, contradicts its own metadata, or if its
        variant cannot be determined or is another than `variant`.
    ParameterError
        If `variant` or `ties` is unknown.
    """
    _check_variant_and_ties(variant, ties)
    source = Path(path)
    raw, own = read_entries_and_metadata(source)
    try:
        plain = strip_wrapper_prefixes(raw)
        if RESTORER_TENSOR not in plain:
            msg = "it holds no restorer of Rainmer; give a state dict of a whole model"
            raise WeightsError(msg)
        state = {name: checked_cpu_tensor(name, value) for name, value in plain.items()}
        config = _stated_or_read_config(own, state, variant=variant)
        check_state_fits(config, state)
        sha256 = state_sha256(state)
        refuse_other_metadata(own, {"kind": "restorer", "sha256": sha256})
    except (ParameterError, WeightsError) as error:
        msg = f"{source} cannot be used: {error}"
        raise WeightsError(msg) from error
    if ties is not None:
        config = replace(config, ties=ties)
    return RestorerCheckpoint(config, state, sha256, metadata_texts(own))


def build_restorer(checkpoint: RestorerCheckpoint) -> Restorer:
    """Make the restorer of a checkpoint, in eval mode, with its own copy of the tensors.

    No random number is drawn. The momentum encoder does not ask for gradients.
    """
    module = build_on_meta(checkpoint.config)
    copies = {name: tensor.clone() for name, tensor in checkpoint.state.items()}
    module.load_state_dict(copies, assign=True)
    module.disentangle.encoder_k.requires_grad_(False)
    return module.eval()


def _check_variant_and_ties(variant: str | None, ties: str | None) -> None:
    RestorerConfig(
        variant=RestorerConfig.variant if variant is None else variant,
        ties=RestorerConfig.ties if ties is None else ties,
    )


def _stated_or_read_config(
    own: Mapping[str, Any], state: Mapping[str, Tensor], *, variant: str | None
) -> RestorerConfig:
    """Take the configuration that the file states, or read it from the tensors."""
    stated = own.get("config") if own.get("kind") == "restorer" else None
    if stated is None:
        return restorer_config_from_tensors(state, variant=variant)
    known = {field.name for field in fields(RestorerConfig)}
    if not isinstance(stated, dict) or not set(stated) <= known:
        msg = "its metadata hold no configuration of a restorer; write the file again"
        raise WeightsError(msg)
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stated.items()}
    config = RestorerConfig(**values)
    if variant not in (None, config.variant):
        msg = f"it was saved as {config.variant}, not as {variant}; leave variant= out"
        raise WeightsError(msg)
    found = restorer_config_from_tensors(state, variant=config.variant)
    # What shapes do not tell is taken from the metadata; `check_state_fits` looks at the hidden
    # widths.
    stated = replace(found, atoms=config.atoms, ties=config.ties, expansion=config.expansion)
    refuse_other_metadata({"config": stated}, {"config": config})
    return config
