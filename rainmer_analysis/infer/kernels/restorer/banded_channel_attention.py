"""Channel attention of a block: one pass over the map for its statistics, one to apply them.

Channels attend to channels, so that all that has to be known of the whole map are the products of
queries and keys, summed over pixels. With them the attention, the mixing of the heads and the last
product are one matrix, which the second pass multiplies the values by.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from rainmer_analysis.infer.kernels.restorer.band_threads import (
    Bands,
    BandThreads,
    WorkspaceCache,
    count_bands,
    rows_per_band,
)
from rainmer_analysis.infer.kernels.restorer.banded_layer_norm import (
    layer_norm_panels,
    layer_norm_rows,
)
from rainmer_analysis.infer.kernels.restorer.hcw_map import (
    LEFT,
    HcwMap,
    channel_pitch,
    channels_per_chunk,
    clear_columns,
    clear_rows_outside,
)
from rainmer_analysis.infer.kernels.restorer.nested_top_k_softmax import nested_top_k_softmax
from rainmer_analysis.infer.kernels.restorer.packed_layers import (
    fold_norm_into_matrix,
    to_flat_float32,
    weight_matrix,
)
from rainmer_analysis.kernels.hcw_maps import (
    COLUMNS,
    NATIVE,
    STORE,
    Array,
    add_outer_products,
    aligned_zeros,
    compiled,
    convolve_channel,
    multiply_channels_in_panels,
)
from rainmer_analysis.model.restorer.modules import (
    kept_channels_by_rate,
    sparse_attention,
    topk_lowest_index,
)

__all__ = ["BandedChannelAttention"]

_REACH = 1
_BEYOND = 2 * _REACH + 4  # rows of a thread's maps beyond a band: whole blocks may be written
_STRIP = 128  # columns whose products are summed at once: so many of all channels fit in a cache
_SIDE = 3
_EPS = 1e-12  # the least length of a query or a key


@compiled
def _sum_band_products(  # type: ignore[no-untyped-def]
    qk, qk_at, rows, width, count, partial_sums, totals, squares
):
    """Sum up the products of a head's queries and keys over a band, and both their squares."""
    partial_sums[:] = 0.0
    line = np.empty(width, np.float32)
    for row in range(rows):
        at = qk_at[0] + row * qk_at[1]
        for column in range(0, width, _STRIP):
            left = (at + column, qk_at[1], qk_at[2])
            right = (at + column + count * qk_at[2], qk_at[1], qk_at[2])
            size = (1, min(_STRIP, width - column))
            add_outer_products(qk, left, qk, right, (count, count), size, partial_sums, 0)
    for i in range(count):
        for j in range(count):
            total = 0.0
            for part in range(NATIVE):
                total += partial_sums[(i * count + j) * NATIVE + part]
            totals[i, j] = total
    for channel in range(2 * count):
        line[:] = 0.0
        for row in range(rows):
            at = qk_at[0] + row * qk_at[1] + channel * qk_at[2]
            found = qk[at : at + width]
            for i in range(width):
                line[i] += found[i] * found[i]
        total = 0.0
        for i in range(width):
            total += line[i]
        squares[channel] = total


@compiled
def _sum_products_and_write_values(  # type: ignore[no-untyped-def]
    x, x_at, values, values_at, size, bands, head_form, weights, workspace, sums, centred
):
    """Sum up queries and keys of a map in bands of rows, and write its values.

    `head_form` holds how many heads there are, the channels of each, and how many of queries, keys
    or values to make at once; weights lie head after head, of each the queries, keys and values;
    `sums` holds the products of each band and head, and the squares.
    """
    height, width, channels = size
    heads, count, chunk = head_form
    qkv, taps = weights
    normed, u, qk, partial_sums = workspace
    products, squares = sums
    wide = -(-width // COLUMNS) * COLUMNS
    pitch, depth = wide + LEFT, channels + 1
    place, pairs_place = (LEFT, chunk * pitch, pitch), (LEFT, 2 * count * pitch, pitch)
    for first in range(bands[0], bands[1], bands[2]):
        rows, number = min(bands[2], height - first), first // bands[2]
        top, last = max(first - _REACH, 0), min(first + rows + _REACH, height)
        layer_norm_rows(x, x_at, size, (top, last), normed, centred)
        start, end = top - first + _REACH, last - first + _REACH
        clear_rows_outside(u, place, (start, end), (rows + 2 * _REACH, chunk, wide))
        goal = (values_at[0] + first * values_at[1], values_at[1], values_at[2])
        entered = (place[0] + start * place[1], place[1], place[2])
        for h in range(heads):
            for begin in range(0, 3 * count, chunk):
                some = min(chunk, 3 * count - begin)
                factors = ((h * 3 * count + begin) * depth, depth, 1, some, depth)
                shape, panels = (last - top, width), (0, wide * depth)
                multiply_channels_in_panels(qkv, factors, normed, panels, u, entered, shape, STORE)
                for k in range(some):
                    channel, inner = begin + k, (rows, width)
                    tap = (h * 3 * count + channel) * _SIDE * _SIDE
                    at = place[0] + _REACH * place[1] + k * pitch
                    if channel < 2 * count:
                        to, down = LEFT + channel * pitch, pairs_place[1]
                        convolve_channel(
                            u, at, place[1], taps, tap, (_SIDE, 1), qk, to, down, inner, False
                        )
                    else:
                        to = goal[0] + (h * count + channel - 2 * count) * goal[2]
                        convolve_channel(
                            u, at, place[1], taps, tap, (_SIDE, 1), values, to, goal[1], inner,
                            False,
                        )  # fmt: skip
            clear_columns(qk, pairs_place, rows, 2 * count, (width, wide))
            _sum_band_products(
                qk, pairs_place, rows, width, count, partial_sums,
                products[number, h], squares[number, h],
            )  # fmt: skip


class BandedChannelAttention:
    """The statistics of a block's channel attention, with the norm before it.

    Parameters
    ----------
    norm, attention
        The layers, without biases in their convolutions.
    """

    def __init__(self, norm: nn.Module, attention: Any) -> None:
        self._module = attention
        self._project_out = weight_matrix(attention.project_out).numpy()
        self.heads, self.channels = len(attention.temperature), len(self._project_out)
        count = self.count = self.channels // self.heads
        # queries, keys and values of head after head
        order = torch.arange(3 * self.channels).view(3, self.heads, count).transpose(0, 1).flatten()
        qkv = fold_norm_into_matrix(attention.qkv, norm)[order]
        taps = attention.qkv_dwconv.weight.detach()[order]
        self._weights = to_flat_float32(qkv), to_flat_float32(taps)
        self._temperature = attention.temperature.detach().double().numpy()
        self._shares = to_flat_float32(attention.attns)
        self._centred = getattr(norm.body, "bias", None) is not None

    def __call__(
        self, x: HcwMap, values: HcwMap, threads: BandThreads, cache: WorkspaceCache
    ) -> Array:
        """Write a map's values, and return the matrix [C, C] that makes the answer of them."""
        height, width, channels = x.height_width_channels
        heads, count, pitch, chunk = (
            self.heads,
            self.count,
            channel_pitch(width),
            channels_per_chunk(channels),
        )
        bands_in_all = count_bands(x.size)
        products = np.zeros((bands_in_all, heads, count, count))
        squares = np.zeros((bands_in_all, heads, 2 * count))

        def make_workspace() -> tuple[Array, ...]:
            rows = rows_per_band(x.size) + _BEYOND
            maps = (aligned_zeros(LEFT + rows * each * pitch) for each in (chunk, 2 * count))
            partial_sums = aligned_zeros(count * count * NATIVE)
            return layer_norm_panels(rows, width, channels), *maps, partial_sums

        def run_bands(bands: Bands) -> None:
            memory = cache.get_or_make(("attention", channels, count, width), make_workspace)
            _sum_products_and_write_values(
                x.flat, x.layout, values.flat, values.layout, (height, width, channels), bands,
                (heads, count, chunk), self._weights, memory, (products, squares), self._centred,
            )  # fmt: skip

        threads.run_in_bands(x.size, run_bands)
        return self._attention_and_projection_matrix(products.sum(axis=0), squares.sum(axis=0))

    def _attention_and_projection_matrix(
        self, products: npt.NDArray[np.float64], squares: npt.NDArray[np.float64]
    ) -> Array:
        lengths = np.maximum(np.sqrt(squares), _EPS)
        query, key = lengths[:, : self.count, None], lengths[:, None, self.count :]
        logits = (products / (query * key) * self._temperature).astype(np.float32)
        mixed = self._sparse_attention(logits).astype(np.float64)
        project_out = self._project_out.reshape(self.channels, self.heads, self.count)
        whole = np.einsum("ohc,hcd->ohd", project_out, mixed)
        found: Array = whole.astype(np.float32).reshape(-1)
        return found

    def _sparse_attention(self, logits: Array) -> Array:
        select = self._module.select
        if select is topk_lowest_index:
            return nested_top_k_softmax(logits, self._shares, kept_channels_by_rate(self.count))
        shares = torch.from_numpy(self._shares)
        found: Array = sparse_attention(torch.from_numpy(logits)[None], shares, select=select)[
            0
        ].numpy()
        return found
