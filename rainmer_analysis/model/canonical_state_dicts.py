"""The second and third door of a checkpoint: canonical keys, and widths read from shapes.

Published names end here. What comes out has the keys of the bare encoder, whichever model,
variant or wrapper it lay in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, overload

import torch
from torch import Tensor

from rainmer_analysis.errors import WeightsError
from rainmer_analysis.model.airnet import AirNetConfig, AirNetEncoder
from rainmer_analysis.model.encoder import EncoderConfig, RainmerEncoder
from rainmer_analysis.model.restorer.config import RestorerConfig
from rainmer_analysis.model.restorer.network import Restorer

__all__ = [
    "CanonicalState",
    "build_on_meta",
    "check_state_fits",
    "config_from_shapes",
    "strip_wrapper_prefixes",
    "to_canonical_keys",
]

# Kind: the prefixes under which its encoder is published, and how its own keys begin.
_LAYOUTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rainmer": (
        ("disentangle.encoder_q.", "encoder_q.", ""),
        ("conv.proj.", "MoEs.layers.", "Atom."),
    ),
    "airnet": (("E.E.encoder_q.", "E.encoder_q.", "encoder_q.", ""), ("E_pre.",)),
}

_WHOSE: dict[type, str] = {
    EncoderConfig: "Rainmer's encoder",
    AirNetConfig: "AirNet's encoder",
    RestorerConfig: "Rainmer's restorer",
}


@dataclass(frozen=True)
class CanonicalState:
    """Entries of one encoder by bare names, and the queue of its contrast where there is one."""

    kind: str
    entries: Mapping[str, Any]
    queue: Any


def to_canonical_keys(raw: Mapping[str, Any]) -> CanonicalState:
    """Bring published keys into the bare encoder's form.

    Wrapping by data parallelism (``module.``) and compilation (``_orig_mod.``) is taken off
    wherever it stands in a key. Then the query encoder is chosen by its prefix: of a whole
    Rainmer (any of the eight variants), of a whole AirNet, of its contrastive part alone, of
    the contrastive wrapper alone, or a bare encoder. The momentum copy is never taken.

    Parameters
    ----------
    raw
        Entries by their published names.

    Returns
    -------
    What was found, its entries by bare names.

    Raises
    ------
    WeightsError
        If no encoder is there, or if two keys become one.
    """
    plain = strip_wrapper_prefixes(raw)
    for kind, (prefixes, beginnings) in _LAYOUTS.items():
        for prefix in prefixes:
            if any(key.startswith(tuple(prefix + b for b in beginnings)) for key in plain):
                found = {
                    k.removeprefix(prefix): v for k, v in plain.items() if k.startswith(prefix)
                }
                queue = plain.get(prefix.removesuffix("encoder_q.") + "queue")
                return CanonicalState(kind, found, queue)
    msg = (
        f"The weights hold no encoder of Rainmer or AirNet (their entries: {_first_names(plain)}); "
        "give a state dict of a whole model or of its query encoder."
    )
    raise WeightsError(msg)


def _without_common_prefix(plain: dict[str, Any]) -> dict[str, Any]:
    """Take off the name under which a training framework holds the network, as in ``net.``.

    It is the first part of every key, whatever it is, and no part of a published key.
    """
    firsts = {key.partition(".")[0] for key in plain}
    known = {begin.partition(".")[0] for _, begins in _LAYOUTS.values() for begin in begins}
    known |= {prefix.partition(".")[0] for prefixes, _ in _LAYOUTS.values() for prefix in prefixes}
    if len(firsts) != 1 or firsts <= known or not all("." in key for key in plain):
        return plain
    return {key.partition(".")[2]: value for key, value in plain.items()}


def strip_wrapper_prefixes(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Take ``module.`` and ``_orig_mod.`` off the keys, wherever they stand, and a common prefix.

    Raises
    ------
    WeightsError
        If two keys become one.
    """
    plain: dict[str, Any] = {}
    for key, value in raw.items():
        name = ".".join(part for part in key.split(".") if part not in ("module", "_orig_mod"))
        if name in plain:
            msg = f"The weights hold {name} twice, wrapped and bare; keep one of them."
            raise WeightsError(msg)
        plain[name] = value
    return _without_common_prefix(plain)


def config_from_shapes(kind: str, state: Mapping[str, Tensor]) -> EncoderConfig | AirNetConfig:
    """Read the widths; a tensor that is missing is named later, so the default stands in."""

    def length_or_default(name: str, default: int) -> int:
        tensor = state.get(name)
        return len(tensor) if tensor is not None and tensor.ndim and tensor.numel() else default

    if kind == "airnet":
        return AirNetConfig(
            width=length_or_default("E_pre.shortcut.1.weight", AirNetConfig.width),
            out=length_or_default("mlp.2.bias", AirNetConfig.out),
        )
    return EncoderConfig(
        dim=length_or_default("conv.proj.bias", EncoderConfig.dim),
        base_dim=length_or_default("Atom.chromatic_enc.0.bias", EncoderConfig.base_dim),
        gate_hidden=length_or_default("MoEs.layers.0.ca_fc.0.bias", EncoderConfig.gate_hidden),
        se_hidden=length_or_default(
            "Atom.chromatic_enc.2.se1.se.1.weight", EncoderConfig.se_hidden
        ),
    )


@overload
def build_on_meta(config: RestorerConfig) -> Restorer: ...
@overload
def build_on_meta(config: EncoderConfig | AirNetConfig) -> RainmerEncoder | AirNetEncoder: ...
def build_on_meta(
    config: EncoderConfig | AirNetConfig | RestorerConfig,
) -> RainmerEncoder | AirNetEncoder | Restorer:
    """Lay out the network of these widths without memory."""
    with torch.device("meta"):
        if isinstance(config, RestorerConfig):
            return Restorer(config)
        if isinstance(config, EncoderConfig):
            return RainmerEncoder(config)
        return AirNetEncoder(config)


def check_state_fits(
    config: EncoderConfig | AirNetConfig | RestorerConfig, state: Mapping[str, Tensor]
) -> None:
    """Refuse weights that are not exactly those of a network of these widths."""
    expected = build_on_meta(config).state_dict()
    faults = {
        "are missing": [name for name in expected if name not in state],
        "are unknown": [name for name in state if name not in expected],
        "have another shape or type": [
            name
            for name, tensor in state.items()
            if name in expected
            and (
                tensor.shape != expected[name].shape
                or tensor.is_floating_point() != expected[name].is_floating_point()
            )
        ],
    }
    faulty = [
        f"{len(names)} {fault} ({_first_names(names)})" for fault, names in faults.items() if names
    ]
    if faulty:
        whose = _WHOSE[type(config)]
        msg = f"Of the tensors of {whose} {' and '.join(faulty)}; give complete weights."
        raise WeightsError(msg)


def _first_names(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:3]) + (", ..." if len(listed) > 3 else "") if listed else "none"
