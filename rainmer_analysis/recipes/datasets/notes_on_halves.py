"""Whether the halves of files that hold rain and clean side by side look like such pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images import read_image
from rainmer_analysis.images.datasets import ImageCandidate
from rainmer_analysis.images.reading import FloatImage
from rainmer_analysis.images.side_by_side_halves import (
    MIN_LIKENESS,
    bright_speck_balance,
    brightness_correlation,
    do_halves_show_one_scene,
)

__all__ = ["find_halves_order", "notes_on_halves", "unsplit_halves_note"]

_LOOKED_AT = 12  # files that show whether there are halves
_COMPARED = 50  # files whose halves are compared
_DECISIVE = 0.1  # skewness from which one of two halves has the specks


def notes_on_halves(readable: Sequence[ImageCandidate]) -> tuple[str, ...]:
    """Note where the halves of files are no pair, or look like one the other way round."""
    halves = [image for image in readable if image.region != "whole"]
    looked_at = halves[:: max(1, len(halves) // _COMPARED)]
    if not looked_at:
        return ()
    found = [
        (brightness_correlation(*pair), bright_speck_balance(*pair))
        for image in looked_at
        for pair in [(read_image(image.path, region=image.region), _read_target(image))]
    ]
    notes, total = [], len(found)
    strangers = sum(alike < MIN_LIKENESS for alike, _ in found)
    if strangers:
        notes.append(
            f"in {strangers:,} of {total:,} files looked at, the halves hardly show one scene"
        )
    decisive = [skewness for _, skewness in found if abs(skewness) > _DECISIVE]
    other = sum(skewness < 0 for skewness in decisive)
    if decisive and other >= 0.75 * len(decisive):
        given = "rain-clean" if looked_at[0].region == "left" else "clean-rain"
        wanted = "clean-rain" if given == "rain-clean" else "rain-clean"
        notes.append(
            f"in {other:,} of {total:,} files looked at, the half that counts as clean has the "
            f'bright specks of rain: if the other one is clean, say halves = "{wanted}"'
        )
    return tuple(notes)


def find_halves_order(paths: Sequence[Path]) -> str | None:
    """Say which half has the rain, if all files show one scene twice."""
    votes = []
    for path in paths:
        try:
            left, right = (read_image(path, region=half) for half in ("left", "right"))
        except ImageError:
            return None
        if not do_halves_show_one_scene(left, right):
            return None
        votes.append(bright_speck_balance(left, right))
    return "rain-clean" if median(votes) > 0 else "clean-rain"


def unsplit_halves_note(readable: Sequence[ImageCandidate]) -> str:
    """Note where every file of a dataset without pairs holds rain and clean side by side."""
    sample = readable[:: max(1, len(readable) // _LOOKED_AT)][:_LOOKED_AT]
    order = find_halves_order([Path(image.path) for image in sample]) if sample else None
    if order is None:
        return ""
    return (
        "both halves of each file show one scene: if rain and clean lie side by side, say "
        f'halves = "{order}" in a manifest'
    )


def _read_target(image: ImageCandidate) -> FloatImage:
    assert image.target is not None
    return read_image(image.target, region=image.target_region or "whole")
