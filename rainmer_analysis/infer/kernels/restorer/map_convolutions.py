"""3 x 3 convolutions of maps, with what becomes of their outputs: moved, rectified or fused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rainmer_analysis.infer.kernels.restorer.band_threads import Bands, Threads, band_rows
from rainmer_analysis.infer.kernels.restorer.packed_layers import PackedConvolution
from rainmer_analysis.infer.kernels.restorer.planar_map import (
    Map,
    WorkspaceCache,
    row_pitch,
    whole_blocks,
    zero_columns,
)
from rainmer_analysis.kernels.hcw_maps import (
    ABOVE,
    COLUMNS,
    NATIVE,
    STORE,
    STORE_RELU,
    Array,
    convolve_3x3,
    fuse_by_gates,
    multiply_channels,
    winograd_workspace,
)
from rainmer_analysis.kernels.numba_decorators import compiled

__all__ = [
    "convolve_and_pixel_shuffle",
    "convolve_and_pixel_unshuffle",
    "convolve_map",
    "fuse_local_knowledge",
    "multiply_map",
]


def convolve_map(
    layer: PackedConvolution,
    x: Map,
    y: Map,
    *,
    slope: float = 1.0,
    work: tuple[Threads, WorkspaceCache],
) -> None:
    """Convolve a map to another one, with a leaky rectifier behind (of slope 1: none)."""
    threads, scratch = work

    def bands(span: Bands) -> None:
        memory = _layer_workspace(scratch, layer, x)
        source = (ABOVE + span[0], x.channels[0], layer.inputs)
        target = (ABOVE + span[0], y.channels[0], layer.outputs)
        size = (span[1] - span[0], x.size[1])
        convolve_3x3(
            x.array, source, layer.kernels, layer.bias, y.array, target, size, memory, False
        )
        if slope < 1:
            start, row, plane = y.place
            place = (start + span[0] * row, row, plane)
            _leaky_relu(y.flat, place, (*size, layer.outputs), np.float32(slope))

    threads.over_bands(x.size, bands)


def multiply_map(
    factors: Array, x: Map, y: Map, *, rectify: bool = False, work: tuple[Threads, WorkspaceCache]
) -> None:
    """Multiply the channels of a map by a matrix, flat [outputs, inputs]."""
    form = (0, x.channels[1], 1, y.channels[1], x.channels[1])
    way = STORE_RELU if rectify else STORE

    def bands(span: Bands) -> None:
        places = [(m.place[0] + span[0] * m.place[1], *m.place[1:]) for m in (x, y)]
        rows, width = span[1] - span[0], x.size[1]
        multiply_channels(factors, form, x.flat, places[0], y.flat, places[1], (rows, width), way)
        zero_columns(y.flat, places[1], rows, y.channels[1], (width, whole_blocks(width)))

    work[0].over_bands(x.size, bands)


def convolve_and_pixel_unshuffle(
    layer: PackedConvolution, x: Map, y: Map, *, work: tuple[Threads, WorkspaceCache]
) -> None:
    """Convolve a map, and move each square of 2 x 2 pixels to channels of half the size."""

    def move(found: Array, first: int, rows: int) -> None:
        _pixel_unshuffle(found, y.array, (ABOVE + first // 2, y.channels[0]), rows, x.size[1])

    _convolve_and_move(layer, x, move, work=work)


def convolve_and_pixel_shuffle(
    layer: PackedConvolution, x: Map, y: Map, *, work: tuple[Threads, WorkspaceCache]
) -> None:
    """Convolve a map, and move each four channels to squares of 2 x 2 pixels."""

    def move(found: Array, first: int, rows: int) -> None:
        place = (ABOVE + 2 * first, y.channels[0])
        _pixel_shuffle(found, y.array, place, rows, x.size[1], y.channels[1])

    _convolve_and_move(layer, x, move, work=work)


def _convolve_and_move(
    layer: PackedConvolution,
    x: Map,
    move: Callable[[Array, int, int], None],
    *,
    work: tuple[Threads, WorkspaceCache],
) -> None:
    """Convolve a map; `move` takes each band's outputs, its first row and how many there are."""
    threads, scratch = work

    def bands(span: Bands) -> None:
        found = _band_outputs(scratch, layer, x)
        for first in range(span[0], span[1], span[2]):
            rows = min(span[2], span[1] - first)
            _convolve_rows(scratch, layer, x, (first, rows), found)
            move(found, first, rows)

    threads.over_bands(x.size, bands)


def fuse_local_knowledge(
    where: Map, location: Map, features: Map, shares: Array, *, work: tuple[Threads, WorkspaceCache]
) -> None:
    """Fuse local knowledge with a map, in place: sigmoid(m f) l + sigmoid(c l) f.

    Parameters
    ----------
    where, location, features
        m, of one channel; l; and f, which is written over.
    shares
        c, one number for each channel.
    work
        Threads and scratch.
    """

    def bands(span: Bands) -> None:
        size = (span[0], span[1], *features.height_width_channels[1:])
        _fuse_rows(
            where.flat, where.place, location.flat, location.place, features.flat, features.place,
            size, shares,
        )  # fmt: skip

    work[0].over_bands(features.size, bands)


def _layer_workspace(scratch: WorkspaceCache, layer: PackedConvolution, x: Map) -> tuple[Any, ...]:
    pitch = x.array.shape[2]
    key = ("convolution", layer.inputs, layer.outputs, pitch, x.size[1])
    return scratch.of(key, lambda: winograd_workspace(layer.inputs, layer.outputs, pitch))


def _band_outputs(scratch: WorkspaceCache, layer: PackedConvolution, x: Map) -> Array:
    width = x.size[1]
    shape = (band_rows(x.size), layer.outputs, row_pitch(width))
    return scratch.of(("outputs", *shape, width), lambda: np.zeros(shape, np.float32))


def _convolve_rows(
    scratch: WorkspaceCache, layer: PackedConvolution, x: Map, rows: tuple[int, int], found: Array
) -> None:
    """Convolve some rows of a map: the first one, and how many."""
    source = (ABOVE + rows[0], x.channels[0], layer.inputs)
    target, size = (0, 0, layer.outputs), (rows[1], x.size[1])
    memory = _layer_workspace(scratch, layer, x)
    convolve_3x3(x.array, source, layer.kernels, layer.bias, found, target, size, memory, False)


@compiled
def _leaky_relu(y, place, size, slope):  # type: ignore[no-untyped-def]
    rows, width, channels = size
    for row in range(rows):
        for channel in range(channels):
            at = place[0] + row * place[1] + channel * place[2]
            line = y[at : at + width]
            for i in range(width):
                line[i] = max(line[i], slope * line[i])


@compiled
def _pixel_unshuffle(found, y, place, rows, width):  # type: ignore[no-untyped-def]
    """Write outputs [rows, channels, columns] as four times the channels of half the size."""
    row, first = place
    for down in range(rows):
        for channel in range(found.shape[1]):
            line = found[down, channel]
            for across in range(2):
                to = first + 4 * channel + 2 * (down % 2) + across
                goal = y[row + down // 2, to]
                for i in range(width // 2):
                    goal[i] = line[2 * i + across]


@compiled
def _pixel_shuffle(found, y, place, rows, width, channels):  # type: ignore[no-untyped-def]
    """Write outputs [rows, channels, columns] as a quarter of the channels of twice the size."""
    row, first = place
    for down in range(2 * rows):
        for channel in range(channels):
            goal = y[row + down, first + channel]
            for across in range(2):
                line = found[down // 2, 4 * channel + 2 * (down % 2) + across]
                for i in range(width):
                    goal[2 * i + across] = line[i]


@compiled
def _fuse_rows(m, m_place, location, l_place, y, y_place, size, shares):  # type: ignore[no-untyped-def]
    first, last, width, channels = size
    wide = -(-width // COLUMNS) * COLUMNS
    for row in range(first, last):
        where = m_place[0] + row * m_place[1]
        for channel in range(channels):
            at = l_place[0] + row * l_place[1] + channel * l_place[2]
            to = y_place[0] + row * y_place[1] + channel * y_place[2]
            for i in range(0, width, NATIVE):
                places = (where + i, at + i, to + i)
                fuse_by_gates((m, location, y), places, (shares[channel],))
            y[to + width : to + wide] = 0.0
