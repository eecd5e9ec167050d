"""What one look at an image file shows: its size or its fault, and what may surprise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images import Region, read_header, read_image, unstorable_name_reason
from rainmer_analysis.images.reading import read_stored_format
from rainmer_analysis.recipes.datasets.check_report import Size

__all__ = ["FileRegion", "LookedAt", "look_at_header", "look_at_pixels", "notes_on_files"]

FileRegion = tuple[str, Region]

_NEARLY_BLACK = 4096 / 65535  # of the range: 12-bit samples that are stored in 16 bits reach it


class LookedAt(NamedTuple):
    """Width and height, or the reason why there are none; and what only pixels tell."""

    size: Size | str
    nearly_black: bool = False
    frames: int = 1


def look_at_pixels(place: FileRegion) -> LookedAt:
    """Decode a file."""
    path, region = place
    if fault := unstorable_name_reason(path):
        return LookedAt(fault)
    try:
        pixels = read_image(path, region=region)
        frames = read_stored_format(path).frames
    except ImageError as error:
        return LookedAt(str(error))
    _, height, width = pixels.shape
    return LookedAt((width, height), float(pixels.max()) < _NEARLY_BLACK, frames)


def look_at_header(place: FileRegion) -> LookedAt:
    """Read a file's header only."""
    path, region = place
    if fault := unstorable_name_reason(path):
        return LookedAt(fault)
    try:
        header = read_header(path, region=region)
    except ImageError as error:
        return LookedAt(str(error))
    return LookedAt((header.width, header.height))


def notes_on_files(
    folder: Path, places: Sequence[FileRegion], looked: Mapping[FileRegion, LookedAt]
) -> tuple[str, ...]:
    """Note files that can be read and may still not be what people think.

    Parameters
    ----------
    folder
        What names are told relative to.
    places, looked
        The files of a dataset, and what was seen of them.
    """
    notes = []
    several = [path for path, region in places if looked[path, region].frames > 1]
    if several:
        notes.append(
            f"files of several frames or pages, of which the first counts: {len(several):,} (the "
            f"first is {_name_in(folder, several[0])}); save each as a file of its own if all are "
            "meant"
        )
    black = [path for path, region in places if looked[path, region].nearly_black]
    if black:
        notes.append(
            "files that are nearly black, without a sample above 1/16 of the range: "
            f"{len(black):,} (the first is {_name_in(folder, black[0])}); samples of 10 or 12 bits "
            "that are stored in 16 are to be scaled to the whole range"
        )
    return tuple(notes)


def _name_in(folder: Path, path: str) -> str:
    place = Path(path)
    return place.relative_to(folder).as_posix() if place.is_relative_to(folder) else path
