"""What is wrong with a degraded image and its clean partner, measured on their pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.auditing.degraded_side import log_odds_partner_degraded
from rainmer_analysis.auditing.luma_and_colour_thumbnails import SHAPE, Planes, Thumbnails
from rainmer_analysis.auditing.registration import Registration, try_to_register_pair
from rainmer_analysis.auditing.window_alignment import align_windows
from rainmer_analysis.auditing.window_descriptors import describe_windows, window_boxes

__all__ = [
    "MEASURES",
    "PairFacts",
    "PairFault",
    "measure_pair_facts",
    "pair_faults",
    "wider_side_and_box_of_other",
]

SHIFTED = 0.2
"""Pixels from which a pair counts as shifted: the displacement less two standard errors, ..."""
CERTAIN = 4.0
"""... where it is this many times its standard error."""
SWAPPED = 3.0
"""Log odds from which a pair counts as swapped."""
STRANGERS = 0.12
"""Correlation of fine contrast under which a pair may show different scenes."""
_ALIKE = 0.3  # correlation of thumbnails under which it does
_EDGE = 0.03  # shares of a side that a frame may be off

Plane = npt.NDArray[np.float32]
Frame = tuple[float, float, float, float]
MEASURES = ("right", "down", "scale", "turn", "displacement", "error", "correlation")


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What was measured on a pair of equal size.

    Parameters
    ----------
    identical
        Whether all pixels are equal; then nothing else is measured.
    odds
        Log odds that the partner is the degraded one; None where it was not measured.
    registration
        How the two lie against each other; None where that cannot be measured.
    """

    identical: bool
    odds: float | None = None
    registration: Registration | None = None


@dataclass(frozen=True)
class PairFault:
    """A fault's name, a sentence, and its numbers."""

    finding: str
    detail: str
    numbers: dict[str, float]


def measure_pair_facts(image: Planes, partner: Planes) -> PairFacts:
    """Measure a pair of different images, given as planes (2, H, W) of one shape."""
    found = try_to_register_pair(image, partner)
    own, other = image[0], partner[0]
    if found is not None and found.displacement >= 1 and _is_certain_displacement(found):
        own, other = _crop_to_overlap(own, other, round(found.right), round(found.down))
    return PairFacts(False, log_odds_partner_degraded(own, other), found)


def pair_faults(facts: PairFacts, image: Thumbnails, partner: Thumbnails) -> tuple[PairFault, ...]:
    """Say what is wrong with a pair of equal size.

    Parameters
    ----------
    facts
        Of `measure_pair_facts`.
    image, partner
        Thumbnails of the two.
    """
    if facts.identical:
        return (PairFault("identical-pair", "image and partner have equal pixels", {}),)
    found = facts.registration
    if found is not None and found.correlation < STRANGERS:
        alike = float(
            align_windows(image[None], partner[None], [(0.0, 0.0, 1.0, 1.0)]).correlation[0]
        )
        if alike < _ALIKE:
            detail = f"its partner shows something else (correlation {alike:.2f})"
            return (PairFault("missing-partner", detail, {"correlation": alike}),)
    faults = []
    if facts.odds is not None and facts.odds > SWAPPED:
        detail = "the partner has the weather, the image has not"
        faults.append(PairFault("swapped-pair", detail, {"log_odds": facts.odds}))
    if (
        found is not None
        and found.displacement - 2 * found.error >= SHIFTED
        and _is_certain_displacement(found)
    ):
        numbers = {name: getattr(found, name) for name in MEASURES}
        faults.append(PairFault("shifted-pair", _shift_sentence(found), numbers))
    return tuple(faults)


def wider_side_and_box_of_other(image: Thumbnails, partner: Thumbnails) -> tuple[str, Frame] | None:
    """Say where one of two images of unequal size lies in the other.

    Returns
    -------
    ``same``, ``image`` or ``partner`` (the one with the wider frame) and the frame of the other in
    it: top, left, height and width as shares; None where they do not show one scene.
    """
    boxes = window_boxes()
    pair = np.stack([image, partner])
    whole = describe_windows(pair, whole_only=True)
    windows = describe_windows(pair)
    found = []
    for wide, narrow in ((0, 1), (1, 0)):
        likely = np.argsort(-(windows[wide] @ whole[narrow]))[:6]
        count = len(likely)
        aligned = align_windows(
            np.broadcast_to(pair[wide], (count, *SHAPE)),
            np.broadcast_to(pair[narrow], (count, *SHAPE)),
            boxes[likely],
        )
        best = int(aligned.correlation.argmax())
        found.append((float(aligned.correlation[best]), wide, aligned.boxes[best]))
    correlation, wide, frame = max(found, key=lambda each: each[0])
    if correlation < _ALIKE:
        return None
    top, left, height, width = (float(side) for side in frame)
    is_whole = max(abs(top), abs(left), abs(1 - top - height), abs(1 - left - width)) < _EDGE
    return "same" if is_whole else ("image", "partner")[wide], (top, left, height, width)


def _is_certain_displacement(found: Registration) -> bool:
    return found.displacement >= CERTAIN * found.error and found.correlation > 0.05


def _shift_sentence(found: Registration) -> str:
    parts = []
    if float(np.hypot(found.right, found.down)) >= SHIFTED / 2:
        across = f"{abs(found.right):.2f} pixels to the {'left' if found.right > 0 else 'right'}"
        down = f"{abs(found.down):.2f} {'up' if found.down > 0 else 'down'}"
        parts.append(f"the partner lies {across} and {down}")
    if found.displacement > 1.5 * float(np.hypot(found.right, found.down)):
        parts.append(f"it is resized by {1 / found.scale:.4f} and turned by {-found.turn:.2f}°")
    return f"{'; '.join(parts)} (± {found.error:.2f} pixels)"


def _crop_to_overlap(image: Plane, partner: Plane, right: int, down: int) -> tuple[Plane, Plane]:
    """Cut both planes to what they share when the partner's content moves right and down."""
    height, width = image.shape
    rows = np.s_[max(0, down) : height + min(0, down)]
    columns = np.s_[max(0, right) : width + min(0, right)]
    other_rows = np.s_[max(0, -down) : height - max(0, down)]
    other_columns = np.s_[max(0, -right) : width - max(0, right)]
    return image[rows, columns], partner[other_rows, other_columns]
