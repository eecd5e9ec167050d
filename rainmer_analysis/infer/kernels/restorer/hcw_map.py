"""Maps of a restorer in memory.

A map may be some channels of a wider one, so that what is put side by side is never copied.
"""

from __future__ import annotations

from dataclasses import dataclass

from rainmer_analysis.kernels.hcw_maps import ABOVE, COLUMNS, Array, padded_zero_maps, pixels_view
from rainmer_analysis.kernels.numba_decorators import compiled

__all__ = [
    "LEFT",
    "HcwMap",
    "channel_pitch",
    "channels_per_chunk",
    "clear_columns",
    "clear_rows_outside",
    "padded_columns",
]

BELOW = 2  # rows of zeros more than other maps have
LEFT = 8  # zeros before the first pixel of a thread's maps, and behind the columns of a channel
_CHUNK = 12
_MANY = 192
Place = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class HcwMap:
    """Channels of planar maps.

    Parameters
    ----------
    array
        As `padded_zero_maps` of the kernels makes it.
    size
        Height and width.
    channels
        The first channel, and how many there are.
    """

    array: Array
    size: tuple[int, int]
    channels: tuple[int, int]

    @classmethod
    def zeros(cls, channels: int, size: tuple[int, int]) -> HcwMap:
        """Return a map of zeros."""
        # Separable experts of side 7 look three rows beyond the rows that their second layer looks
        # at, in whole blocks: up to nine rows below a band; `padded_zero_maps` promises seven.
        return cls(padded_zero_maps(channels, (size[0] + BELOW, size[1])), size, (0, channels))

    def channel_slice(self, first: int, count: int) -> HcwMap:
        """Return some of the channels."""
        return HcwMap(self.array, self.size, (self.channels[0] + first, count))

    @property
    def flat(self) -> Array:
        """The memory of the whole array."""
        return self.array.reshape(-1)

    @property
    def layout(self) -> Place:
        """The element of the first pixel, and how far apart rows and channels lie."""
        plane = self.array.shape[2]
        row = self.array.shape[1] * plane
        return ABOVE * row + self.channels[0] * plane, row, plane

    @property
    def height_width_channels(self) -> tuple[int, int, int]:
        """The size, and how many channels there are."""
        return *self.size, self.channels[1]

    @property
    def pixels(self) -> Array:
        """A view of the pixels, [channels, H, W]."""
        first, count = self.channels
        return pixels_view(self.array, self.size)[first : first + count]


def padded_columns(width: int) -> int:
    """Count the columns that are written where a row has so many."""
    return -(-width // COLUMNS) * COLUMNS


def channel_pitch(width: int) -> int:
    """Return how far apart the channels of a thread's maps lie, for rows of so many columns."""
    return padded_columns(width) + LEFT


def channels_per_chunk(channels: int) -> int:
    """Count the outputs of a product that a band makes at once, of so many normalised channels.

    Few, so that they stay in a cache; twice as many where there are so many inputs that these do
    not, and small maps.
    """
    return 2 * _CHUNK if channels >= _MANY else _CHUNK


@compiled
def clear_columns(maps, maps_at, rows, channels, columns):  # type: ignore[no-untyped-def]
    """Put zeros into the columns from the first number of `columns` up to the second."""
    for row in range(rows):
        for channel in range(channels):
            at = maps_at[0] + row * maps_at[1] + channel * maps_at[2]
            for column in range(columns[0], columns[1]):
                maps[at + column] = 0.0


@compiled
def clear_rows_outside(maps, maps_at, rows, size):  # type: ignore[no-untyped-def]
    """Put zeros into a band's rows before the first number of `rows`, and from the second on.

    `size` holds how many rows there are, the channels, and the columns.
    """
    for row in range(size[0]):
        if row < rows[0] or row >= rows[1]:
            at = maps_at[0] + row * maps_at[1]
            clear_columns(maps, (at, maps_at[1], maps_at[2]), 1, size[1], (0, size[2]))
