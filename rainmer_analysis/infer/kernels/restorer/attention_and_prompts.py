"""The second pass of channel attention: values times its matrix, and prompts, added to a map."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rainmer_analysis.infer.kernels.restorer.band_threads import Bands
from rainmer_analysis.infer.kernels.restorer.hcw_map import (
    LEFT,
    HcwMap,
    channel_pitch,
    clear_columns,
)
from rainmer_analysis.infer.kernels.restorer.packed_layers import to_flat_float32, weight_matrix
from rainmer_analysis.kernels.hcw_maps import (
    ADD,
    COLUMNS,
    NATIVE,
    STORE,
    Array,
    add_gelu,
    add_silu,
    aligned_zeros,
    compiled,
    multiply_channels,
    sigmoid,
)

__all__ = ["PreparedPrompts", "add_attention_and_prompts"]


@compiled
def _add_prompt(x, x_at, prompt, workspace, out, out_at, size):  # type: ignore[no-untyped-def]
    """Add what one prompt says of a row to it: share * silu(gate * shift + bias)."""
    first, bias, second, offsets, shift, ends = prompt
    hidden, gate = workspace
    width, channels = size
    wide = -(-width // COLUMNS) * COLUMNS
    pitch = wide + LEFT
    factors = (0, channels, 1, channels, channels)
    multiply_channels(
        first, factors, x, x_at, hidden, (0, channels * pitch, pitch), (1, width), STORE
    )
    gate[:wide] = 0.0
    for channel in range(channels):
        for column in range(0, wide, NATIVE):
            at = channel * pitch + column
            add_gelu((hidden, gate), (at, column), (bias[channel], second[channel]))
    for column in range(0, wide, NATIVE):
        sigmoid((gate,), (column,), (ends[0],))
    for channel in range(channels):
        to = out_at[0] + channel * out_at[2]
        for column in range(0, wide, NATIVE):
            scale = (shift[channel], offsets[channel], ends[1])
            add_silu((gate, out), (column, to + column), scale)


@compiled
def _add_in_bands(  # type: ignore[no-untyped-def]
    out, out_at, values, values_at, size, bands, matrix, prompts, residual, workspace
):
    """Add the values times the matrix, and the prompts, to a map, in place."""
    _, width, channels = size
    found, hidden, gate = workspace
    first, bias, second, offsets, shift, ends = prompts
    count = len(first)
    wide = -(-width // COLUMNS) * COLUMNS
    pitch = wide + LEFT
    form, own = (0, channels, 1, channels, channels), (0, channels * pitch, pitch)
    for row in range(bands[0], bands[1]):
        at = (values_at[0] + row * values_at[1], values_at[1], values_at[2])
        goal = (out_at[0] + row * out_at[1], out_at[1], out_at[2])
        if count == 0 or residual:
            multiply_channels(matrix, form, values, at, out, goal, (1, width), ADD)
        if count and residual:
            for channel in range(channels):
                start = goal[0] + channel * goal[2]
                found[channel * pitch : channel * pitch + wide] = out[start : start + wide]
        elif count:
            multiply_channels(matrix, form, values, at, found, own, (1, width), STORE)
            for channel in range(channels):
                start, own_start = goal[0] + channel * goal[2], channel * pitch
                line, more = out[start : start + wide], found[own_start : own_start + wide]
                for i in range(wide):
                    line[i] += more[i]
        for k in range(count):
            prompt = (first[k], bias[k], second[k], offsets[k], shift[k], ends[k])
            _add_prompt(found, own, prompt, (hidden, gate), out, goal, (width, channels))
        clear_columns(out, goal, 1, channels, (width, wide))


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
        rows = [
            _prompt_attention_weights(*each) for each in zip(parts, vectors, shares, strict=True)
        ]
        widths = (channels * channels, *(channels,) * 4, 2)
        self.entries = tuple(
            np.stack([row[k] for row in rows]) if rows else np.zeros((0, width), np.float32)
            for k, width in enumerate(widths)
        )


def _prompt_attention_weights(attention: Any, vector: Tensor, share: float) -> tuple[Array, ...]:
    """Return a prompt attention's layers, with the prompt multiplied into the last one."""
    first, _, second = attention.classifier
    trans = attention.trans[0]
    shift = weight_matrix(trans) @ vector[0].double()
    ends = np.array([float(second.bias), share], np.float32)
    layers = weight_matrix(first), first.bias, weight_matrix(second), trans.bias, shift
    return (*(to_flat_float32(each) for each in layers), ends)


def _fusion_shares(module: Any, vectors: tuple[Tensor, ...]) -> list[float]:
    """Ask the rule that fuses two prompts how much of each it takes: it is linear in both."""
    if len(vectors) == 1:
        return [1.0]
    cosine = module.anchor_prompt_cosine(vectors, like=vectors[0])
    one, none = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)
    mix_prompts = module.fusion.mix
    return [float(mix_prompts(one, none, cosine)), float(mix_prompts(none, one, cosine))]


def add_attention_and_prompts(
    target: HcwMap,
    values: HcwMap,
    matrix: Array,
    prompts: PreparedPrompts,
    *,
    residual: bool,
    workers: Any,
) -> None:
    """Add attended values and prompts to a map, in place.

    Parameters
    ----------
    target, values
        The map, and its values.
    matrix
        The matrix behind the values, flat [C, C].
    prompts
        The prompts.
    residual
        Whether the prompts read the sum, and not the answer alone.
    workers
        Threads, and the workspace that they work in.
    """
    threads, cache = workers
    height, width, channels = target.height_width_channels
    pitch = channel_pitch(width)

    def make_workspace() -> tuple[Array, ...]:
        lines = (channels + 1, channels + 1, 1)
        return tuple(aligned_zeros(count * pitch) for count in lines)

    def add_in_bands(span: Bands) -> None:
        memory = cache.get_or_make(("attended values", channels, width), make_workspace)
        _add_in_bands(
            target.flat, target.layout, values.flat, values.layout, (height, width, channels), span,
            matrix, prompts.entries, residual, memory,
        )  # fmt: skip

    threads.run_in_bands((height, width), add_in_bands)
