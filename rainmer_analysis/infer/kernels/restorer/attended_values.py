"""The second pass of channel attention: values times its matrix, and prompts, added to a map."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rainmer_analysis.infer.kernels.restorer.band_threads import Bands
from rainmer_analysis.infer.kernels.restorer.packed_layers import to_flat_float32, weight_matrix
from rainmer_analysis.infer.kernels.restorer.planar_map import (
    LEFT,
    Map,
    row_pitch,
    zero_columns,
)
from rainmer_analysis.kernels.hcw_maps import (
    ADD,
    COLUMNS,
    NATIVE,
    STORE,
    Array,
    add_gelu,
    add_silu,
    aligned_zeros,
    multiply_channels,
    sigmoid,
)
from rainmer_analysis.kernels.numba_decorators import compiled

__all__ = ["PreparedPrompts", "add_attended_values"]


@compiled
def _add_prompt(read, place, prompt, memory, x, goal, size):  # type: ignore[no-untyped-def]
    """Add what one prompt says of a row to it: share * silu(gate * shift + bias)."""
    first, bias, second, offsets, shift, ends = prompt
    hidden, gate = memory
    width, channels = size
    wide = -(-width // COLUMNS) * COLUMNS
    pitch = wide + LEFT
    factors = (0, channels, 1, channels, channels)
    multiply_channels(
        first, factors, read, place, hidden, (0, channels * pitch, pitch), (1, width), STORE
    )
    gate[:wide] = 0.0
    for channel in range(channels):
        for column in range(0, wide, NATIVE):
            at = channel * pitch + column
            add_gelu((hidden, gate), (at, column), (bias[channel], second[channel]))
    for column in range(0, wide, NATIVE):
        sigmoid((gate,), (column,), (ends[0],))
    for channel in range(channels):
        to = goal[0] + channel * goal[2]
        for column in range(0, wide, NATIVE):
            scale = (shift[channel], offsets[channel], ends[1])
            add_silu((gate, x), (column, to + column), scale)


@compiled
def _add_values(x, place, values, source, size, bands, factors, prompts, residual, memory):  # type: ignore[no-untyped-def]
    """Add the values times the matrix, and the prompts, to a map, in place."""
    _, width, channels = size
    found, hidden, gate = memory
    first, bias, second, offsets, shift, ends = prompts
    count = len(first)
    wide = -(-width // COLUMNS) * COLUMNS
    pitch = wide + LEFT
    form, own = (0, channels, 1, channels, channels), (0, channels * pitch, pitch)
    for row in range(bands[0], bands[1]):
        at = (source[0] + row * source[1], source[1], source[2])
        goal = (place[0] + row * place[1], place[1], place[2])
        if count == 0 or residual:
            multiply_channels(factors, form, values, at, x, goal, (1, width), ADD)
        if count and residual:
            for channel in range(channels):
                start = goal[0] + channel * goal[2]
                found[channel * pitch : channel * pitch + wide] = x[start : start + wide]
        elif count:
            multiply_channels(factors, form, values, at, found, own, (1, width), STORE)
            for channel in range(channels):
                start, own_start = goal[0] + channel * goal[2], channel * pitch
                line, more = x[start : start + wide], found[own_start : own_start + wide]
                for i in range(wide):
                    line[i] += more[i]
        for k in range(count):
            prompt = (first[k], bias[k], second[k], offsets[k], shift[k], ends[k])
            _add_prompt(found, own, prompt, (hidden, gate), x, goal, (width, channels))
        zero_columns(x, goal, 1, channels, (width, wide))


class PreparedPrompts:
    """The prompts of one image, as a block takes them; made once for all its tiles.

    Parameters
    ----------
    module
        Holds the prompt attentions and the rule that fuses them; None for a block without.
    channels
        Of the block.
    vectors
        None, one or two prompts, each [1, base_dim], chromatic first.
    """

    def __init__(self, module: Any, channels: int, vectors: tuple[Tensor, ...] = ()) -> None:
        vectors = () if module is None else vectors
        parts = (module.chr_promptAttn, module.detg_promptAttn)[: len(vectors)] if vectors else ()
        shares = _fusion_shares(module, vectors) if vectors else []
        rows = [_prompt_layers(*each) for each in zip(parts, vectors, shares, strict=True)]
        widths = (channels * channels, *(channels,) * 4, 2)
        self.entries = tuple(
            np.stack([row[k] for row in rows]) if rows else np.zeros((0, width), np.float32)
            for k, width in enumerate(widths)
        )


def _prompt_layers(part: Any, vector: Tensor, share: float) -> tuple[Array, ...]:
    """Return a prompt attention's layers, with the prompt multiplied into the last one."""
    first, _, second = part.classifier
    trans = part.trans[0]
    shift = weight_matrix(trans) @ vector[0].double()
    ends = np.array([float(second.bias), share], np.float32)
    layers = weight_matrix(first), first.bias, weight_matrix(second), trans.bias, shift
    return (*(to_flat_float32(each) for each in layers), ends)


def _fusion_shares(module: Any, vectors: tuple[Tensor, ...]) -> list[float]:
    """Ask the rule that fuses two prompts how much of each it takes: it is linear in both."""
    if len(vectors) == 1:
        return [1.0]
    cosine = module.prompt_cosine(vectors, like=vectors[0])
    one, none = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)
    mix_prompts = module.fusion.mix
    return [float(mix_prompts(one, none, cosine)), float(mix_prompts(none, one, cosine))]


def add_attended_values(
    x: Map, values: Map, factors: Array, prompts: PreparedPrompts, *, residual: bool, work: Any
) -> None:
    """Add attended values and prompts to a map, in place.

    Parameters
    ----------
    x, values
        The map, and its values.
    factors
        The matrix behind the values, flat [C, C].
    prompts
        The prompts.
    residual
        Whether the prompts read the sum, and not the answer alone.
    work
        Threads, and the workspace that they work in.
    """
    threads, scratch = work
    height, width, channels = x.height_width_channels
    pitch = row_pitch(width)

    def workspace() -> tuple[Array, ...]:
        lines = (channels + 1, channels + 1, 1)
        return tuple(aligned_zeros(count * pitch) for count in lines)

    def bands(span: Bands) -> None:
        memory = scratch.of(("attended values", channels, width), workspace)
        _add_values(
            x.flat, x.place, values.flat, values.place, (height, width, channels), span,
            factors, prompts.entries, residual, memory,
        )  # fmt: skip

    threads.over_bands((height, width), bands)
