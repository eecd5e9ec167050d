"""Room around a restorer's maps."""

from __future__ import annotations

import pytest

from rainmer_analysis.infer.kernels.restorer.band_threads import count_bands, rows_per_band
from rainmer_analysis.infer.kernels.restorer.hcw_map import HcwMap
from rainmer_analysis.kernels.hcw_maps import ABOVE

_REACH = 3  # of the largest separable kernel, twice in a row
_BLOCK = 4  # rows that a depthwise kernel writes at once


@pytest.mark.parametrize("width", [40, 300])
@pytest.mark.parametrize("height", [1, 8, 15, 16, 17, 24, 40, 41, 64])
def test_whole_blocks_of_two_layers_stay_within_the_memory(height: int, width: int) -> None:
    """The last row read: of the first layer's last block, below the last band."""
    band = rows_per_band((height, width))
    first = (height - 1) // band * band
    rows = height - first + 2 * _REACH
    written = -(-rows // _BLOCK) * _BLOCK
    last = first - _REACH + written - 1 + _REACH
    assert ABOVE + last < HcwMap.zeros(2, (height, width)).array.shape[0]
    assert ABOVE >= 2 * _REACH


@pytest.mark.parametrize("width", [1, 61, 244, 488, 512, 2000])
@pytest.mark.parametrize("height", [1, 8, 41, 328, 512])
def test_bands_are_whole_blocks_and_cover_a_map(height: int, width: int) -> None:
    rows, count = rows_per_band((height, width)), count_bands((height, width))
    assert rows % 8 == 0
    assert rows <= 32
    assert (count - 1) * rows < height <= count * rows
