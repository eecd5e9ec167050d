"""3 x 3 convolutions of maps, with what becomes of their outputs: moved, rectified or fused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rainmer_analysis.infer.kernels.restorer.band_threads import (
    Bands,
    Workers,
    WorkspaceCache,
    rows_per_band,
)
from rainmer_analysis.infer.kernels.restorer.hcw_map import (
    HcwMap,
    channel_pitch,
    clear_columns,
    padded_columns,
)
from rainmer_analysis.infer.kernels.restorer.packed_layers import PackedConvolution
from rainmer_analysis.kernels.hcw_maps import (
    ABOVE,
    COLUMNS,
    NATIVE,
    STORE,
    STORE_RELU,
    Array,
    compiled,
    convolve_3x3,
    fuse_by_gates,
    multiply_channels,
    winograd_workspace,
)

__all__ = [
    "convolve_and_pixel_shuffle",
    "convolve_and_pixel_unshuffle",
    "convolve_map_1x1",
    "convolve_map_3x3",
    "fuse_local_knowledge",
]


def convolve_map_3x3(
    layer: PackedConvolution, x: HcwMap, y: HcwMap, *, slope: float = 1.0, workers: Workers
) -> None:
    """Convolve a map to another one, with a leaky rectifier behind (of slope 1: none)."""
    threads, cache = workers

    def run_bands(span: Bands) -> None:
        memory = _cached_winograd_workspace(cache, layer, x)
        source = (ABOVE + span[0], x.channels[0], layer.inputs)
        target = (ABOVE + span[0], y.channels[0], layer.outputs)
        size = (span[1] - span[0], x.size[1])
        convolve_3x3(
            x.array, source, layer.kernels, layer.bias, y.array, target, size, memory, False
        )
        if slope < 1:
            start, row, plane = y.layout
            place = (start + span[0] * row, row, plane)
            _leaky_relu(y.flat, place, (*size, layer.outputs), np.float32(slope))

    threads.run_in_bands(x.size, run_bands)


def convolve_map_1x1(
    matrix: Array, x: HcwMap, y: HcwMap, *, rectify: bool = False, workers: Workers
) -> None:
    """Multiply the channels of a map by a matrix, flat [outputs, inputs]."""
    form = (0, x.channels[1], 1, y.channels[1], x.channels[1])
    way = STORE_RELU if rectify else STORE

    def run_bands(span: Bands) -> None:
        places = [(m.layout[0] + span[0] * m.layout[1], *m.layout[1:]) for m in (x, y)]
        rows, width = span[1] - span[0], x.size[1]
        multiply_channels(matrix, form, x.flat, places[0], y.flat, places[1], (rows, width), way)
        clear_columns(y.flat, places[1], rows, y.channels[1], (width, padded_columns(width)))

    workers[0].run_in_bands(x.size, run_bands)


def convolve_and_pixel_unshuffle(
    layer: PackedConvolution, x: HcwMap, y: HcwMap, *, workers: Workers
) -> None:
    """Convolve a map, and move each square of 2 x 2 pixels to channels of half the size."""

    def move_pixels(found: Array, first: int, rows: int) -> None:
        _pixel_unshuffle(found, y.array, (ABOVE + first // 2, y.channels[0]), rows, x.size[1])

    _convolve_and_move_pixels(layer, x, move_pixels, workers=workers)


def convolve_and_pixel_shuffle(
    layer: PackedConvolution, x: HcwMap, y: HcwMap, *, workers: Workers
) -> None:
    """Convolve a map, and move each four channels to squares of 2 x 2 pixels."""

    def move_pixels(found: Array, first: int, rows: int) -> None:
        place = (ABOVE + 2 * first, y.channels[0])
        _pixel_shuffle(found, y.array, place, rows, x.size[1], y.channels[1])

    _convolve_and_move_pixels(layer, x, move_pixels, workers=workers)


def _convolve_and_move_pixels(
    layer: PackedConvolution,
    x: HcwMap,
    move: Callable[[Array, int, int], None],
    *,
    workers: Workers,
) -> None:
    """Convolve a map; `move` takes each band's outputs, its first row and how many there are."""
    threads, cache = workers

    def run_bands(span: Bands) -> None:
        found = _cached_band_outputs(cache, layer, x)
        for first in range(span[0], span[1], span[2]):
            rows = min(span[2], span[1] - first)
            _convolve_rows(cache, layer, x, (first, rows), found)
            move(found, first, rows)

    threads.run_in_bands(x.size, run_bands)


def fuse_local_knowledge(
    spatial_map: HcwMap, location: HcwMap, features: HcwMap, shares: Array, *, workers: Workers
) -> None:
    """Fuse local knowledge with a map, in place: sigmoid(m f) l + sigmoid(c l) f.

    Parameters
    ----------
    spatial_map, location, features
        m, of one channel; l; and f, which is written over.
    shares
        c, one number for each channel.
    workers
        Threads and their workspaces.
    """

    def run_bands(span: Bands) -> None:
        size = (span[0], span[1], *features.height_width_channels[1:])
        _fuse_local_knowledge_in_bands(
            spatial_map.flat, spatial_map.layout, location.flat, location.layout,
            features.flat, features.layout, size, shares,
        )  # fmt: skip

    workers[0].run_in_bands(features.size, run_bands)


def _cached_winograd_workspace(
    cache: WorkspaceCache, layer: PackedConvolution, x: HcwMap
) -> tuple[Any, ...]:
    pitch = x.array.shape[2]
    key = ("convolution", layer.inputs, layer.outputs, pitch, x.size[1])
    return cache.get_or_make(key, lambda: winograd_workspace(layer.inputs, layer.outputs, pitch))


def _cached_band_outputs(cache: WorkspaceCache, layer: PackedConvolution, x: HcwMap) -> Array:
    width = x.size[1]
    shape = (rows_per_band(x.size), layer.outputs, channel_pitch(width))
    return cache.get_or_make(("outputs", *shape, width), lambda: np.zeros(shape, np.float32))


def _convolve_rows(
    cache: WorkspaceCache, layer: PackedConvolution, x: HcwMap, rows: tuple[int, int], found: Array
) -> None:
    """Convolve some rows of a map: the first one, and how many."""
    source = (ABOVE + rows[0], x.channels[0], layer.inputs)
    target, size = (0, 0, layer.outputs), (rows[1], x.size[1])
    memory = _cached_winograd_workspace(cache, layer, x)
    convolve_3x3(x.array, source, layer.kernels, layer.bias, found, target, size, memory, False)


@compiled
def _leaky_relu(maps, maps_at, size, slope):  # type: ignore[no-untyped-def]
    rows, width, channels = size
    for row in range(rows):
        for channel in range(channels):
            at = maps_at[0] + row * maps_at[1] + channel * maps_at[2]
            line = maps[at : at + width]
            for i in range(width):
                line[i] = max(line[i], slope * line[i])


@compiled
def _pixel_unshuffle(outputs, target, target_at, rows, width):  # type: ignore[no-untyped-def]
    """Write outputs [rows, channels, columns] as four times the channels of half the size."""
    row, first = target_at
    for down in range(rows):
        for channel in range(outputs.shape[1]):
            line = outputs[down, channel]
            for across in range(2):
                to = first + 4 * channel + 2 * (down % 2) + across
                goal = target[row + down // 2, to]
                for i in range(width // 2):
                    goal[i] = line[2 * i + across]


@compiled
def _pixel_shuffle(outputs, target, target_at, rows, width, channels):  # type: ignore[no-untyped-def]
    """Write outputs [rows, channels, columns] as a quarter of the channels of twice the size."""
    row, first = target_at
    for down in range(2 * rows):
        for channel in range(channels):
            goal = target[row + down, first + channel]
            for across in range(2):
                line = outputs[down // 2, 4 * channel + 2 * (down % 2) + across]
                for i in range(width):
                    goal[2 * i + across] = line[i]


@compiled
def _fuse_local_knowledge_in_bands(  # type: ignore[no-untyped-def]
    spatial, spatial_at, location, location_at, features, features_at, size, shares
):
    first, last, width, channels = size
    wide = -(-width // COLUMNS) * COLUMNS
    for row in range(first, last):
        where = spatial_at[0] + row * spatial_at[1]
        for channel in range(channels):
            at = location_at[0] + row * location_at[1] + channel * location_at[2]
            to = features_at[0] + row * features_at[1] + channel * features_at[2]
            for i in range(0, width, NATIVE):
                places = (where + i, at + i, to + i)
                fuse_by_gates((spatial, location, features), places, (shares[channel],))
            features[to + width : to + wide] = 0.0
