"""A restorer's configuration, read from the names and shapes of its tensors.

Five of the eight variants have the same tensors; which of them a file holds has to be given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from torch import Tensor

from rainmer_analysis.errors import WeightsError
from rainmer_analysis.model.restorer.config import VARIANTS, RestorerConfig
from rainmer_analysis.model.restorer.modules import FUSIONS

__all__ = ["RESTORER_TENSOR", "restorer_config_from_tensors", "variants_fitting_tensors"]

# A tensor that every restorer has and no encoder.
RESTORER_TENSOR = "patch_embed.proj.weight"

_STAGES = ("encoder_level1", "encoder_level2", "encoder_level3", "latent")
_RESIDUAL = re.compile(r"decoder_level\d\.\d+\.chr_promptAttn\.")


def variants_fitting_tensors(state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Name the variants whose tensors have these names, in the order of the table."""
    anchors = {name.rpartition(".")[2] for name in state} & {"chr_z", "detg_z"}
    place = "residual" if any(_RESIDUAL.match(name) for name in state) else "attention"
    return tuple(
        name
        for name, traits in VARIANTS.items()
        if traits.place == place and {FUSIONS[traits.fusion].anchor} - {None} == anchors
    )


def restorer_config_from_tensors(
    state: Mapping[str, Tensor], *, variant: str | None = None
) -> RestorerConfig:
    """Read variant and widths; for a tensor that is missing the published width stands in.

    Parameters
    ----------
    state
        Tensors of a whole restorer, by published names.
    variant
        A name in `VARIANTS`, for tensors that fit several.

    Returns
    -------
    The configuration, with the rule for ties at its default.

    Raises
    ------
    WeightsError
        If the variant cannot be determined, or is not one that the tensors fit.
    ParameterError
        If `variant` is no variant, or if the shapes contradict one another.
    """
    return RestorerConfig(
        variant=_choose_variant(state, variant),
        dim=_length_or_default(state, RESTORER_TENSOR, RestorerConfig.dim),
        base_dim=_length_or_default(
            state, "disentangle.encoder_q.Atom.chromatic_enc.0.bias", RestorerConfig.base_dim
        ),
        gate_hidden=_length_or_default(
            state, "encoder_level0.layers.0.ca_fc.0.bias", RestorerConfig.gate_hidden
        ),
        se_hidden=_length_or_default(
            state,
            "disentangle.encoder_q.Atom.chromatic_enc.2.se1.se.1.weight",
            RestorerConfig.se_hidden,
        ),
        blocks=tuple(
            _count_blocks(state, stage) or RestorerConfig.blocks[i]
            for i, stage in enumerate(_STAGES)
        ),
        heads=tuple(
            _length_or_default(state, f"{stage}.0.attn.temperature", RestorerConfig.heads[i])
            for i, stage in enumerate(_STAGES)
        ),
        expansion=_shortest_fitting_expansion(state),
        bias="encoder_level1.0.attn.qkv.bias" in state,
        norm="WithBias" if "encoder_level1.0.norm1.body.bias" in state else "BiasFree",
    )


def _choose_variant(state: Mapping[str, Tensor], variant: str | None) -> str:
    fitting = variants_fitting_tensors(state)
    if variant is not None:
        name = RestorerConfig(variant).variant
        if name not in fitting:
            fit = ", ".join(fitting) or "no published variant"
            msg = f"the tensors are not those of {name}, they fit {fit}; give another variant="
            raise WeightsError(msg)
        return name
    if len(fitting) != 1:
        fit = f"fit {', '.join(fitting)} alike" if fitting else "fit no published variant"
        msg = f"the tensors {fit}; say which one was trained by variant="
        raise WeightsError(msg)
    return fitting[0]


def _length_or_default(state: Mapping[str, Tensor], name: str, default: int) -> int:
    tensor = state.get(name)
    return len(tensor) if tensor is not None and tensor.ndim and tensor.numel() else default


def _count_blocks(state: Mapping[str, Tensor], stage: str) -> int:
    return len({name.split(".")[1] for name in state if name.startswith(f"{stage}.")})


def _shortest_fitting_expansion(state: Mapping[str, Tensor]) -> float:
    """Find the shortest decimal that gives the hidden widths of all levels."""
    low, high = 0.0, math.inf
    for stage in _STAGES:
        tensor = state.get(f"{stage}.0.ffn.project_out.weight")
        if tensor is not None and tensor.ndim == 4 and tensor.numel():
            channels, hidden = tensor.shape[0], tensor.shape[1] // 2
            low, high = max(low, hidden / channels), min(high, (hidden + 1) / channels)
    default = RestorerConfig.expansion
    if low <= default < high or low >= high:
        return default
    for digits in range(1, 8):
        value: float = math.ceil(low * 10**digits) / float(10**digits)
        if value < high:
            return value
    return low
