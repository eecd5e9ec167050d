"""Images of known sets, recognised by their fingerprints whatever their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rainmer_analysis.auditing import (
    BITS,
    NEAR,
    Finding,
    Fingerprints,
    count_set_bits,
    mirrored_hashes,
    nearest_hashes_and_distances,
    perceptual_hashes,
)
from rainmer_analysis.recipes.audit.examine_images import ExaminedImage, stack_thumbnails
from rainmer_analysis.recipes.audit.gather_images import AuditedImage

__all__ = ["known_set_findings"]


def known_set_findings(
    images: Sequence[AuditedImage], examined: Sequence[ExaminedImage], sets: Sequence[Fingerprints]
) -> list[Finding]:
    """Report images that belong to known sets: equal pixels, or the same scene.

    An image of a set that is audited under its own name is reported, too: what it is called proves
    nothing.
    """
    usable = [at for at, facts in enumerate(examined) if not facts.own.reason]
    sides = [examined[at].scene_photograph for at in usable]
    own = perceptual_hashes(stack_thumbnails([examined[at].own for at in usable]))
    clean = perceptual_hashes(stack_thumbnails(sides))
    found = []
    for each in sets:
        equal = {pixels: row for row, pixels in enumerate(each.pixels)}
        has_partner = np.array([bool(pixels) for pixels in each.partner_pixels])
        theirs = np.where(has_partner[:, None], each.partner_packed, each.packed)
        near = _nearest_plain_or_mirrored(clean, theirs)
        for place, at in enumerate(usable):
            row, bits = int(near[0][place]), int(near[1][place])
            detail = f"the scene of {each.images[row]} of {each.name}"
            if examined[at].own.pixels in equal:
                row, bits = equal[examined[at].own.pixels], 0
                detail = f"equal to {each.images[row]} of {each.name}"
            elif bits <= NEAR and int(count_set_bits(own[place] ^ each.packed[row])) <= NEAR // 4:
                detail = f"a copy of {each.images[row]} of {each.name}"
            if bits <= NEAR:
                numbers: Mapping[str, object] = {
                    "set": each.name,
                    "image": each.images[row],
                    "bits": bits,
                    "of": BITS,
                }
                found.append(
                    Finding("known-set", images[at].image_id, None, detail, False, numbers)
                )
    return found


def _nearest_plain_or_mirrored(
    packed: npt.NDArray[np.uint8], known: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the nearest known signs, plain or flipped."""
    plain, mirror = (
        nearest_hashes_and_distances(packed, known),
        nearest_hashes_and_distances(mirrored_hashes(packed), known),
    )
    better = mirror[1] < plain[1]
    return np.where(better, mirror[0], plain[0]), np.where(better, mirror[1], plain[1])
