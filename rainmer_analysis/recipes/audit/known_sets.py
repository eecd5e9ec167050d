"""Images of known sets, told by their fingerprints whatever their names."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rainmer_analysis.auditing import (
    BITS,
    NEAR,
    SHAPE,
    Finding,
    Fingerprints,
    Thumbnails,
    differing_bits,
    flipped,
    nearest_sign,
    signs,
)
from rainmer_analysis.errors import SourceError
from rainmer_analysis.images import find_datasets
from rainmer_analysis.recipes.audit.examine_images import Examined, Examiner, FileFacts
from rainmer_analysis.recipes.audit.gather_images import AuditedImage, list_images_of
from rainmer_analysis.recipes.text_files import write_text_once
from rainmer_analysis.values import stamped

__all__ = ["fingerprint", "known_sets", "write_fingerprints"]

Progress = Callable[[int, int], None]


def fingerprint(
    source: str,
    *,
    name: str | None = None,
    root: str | None = None,
    progress: Progress | None = None,
) -> Fingerprints:
    """Take the fingerprints of a dataset's images and clean partners.

    Parameters
    ----------
    source, root
        As for `audit`; one dataset.
    name
        What the set is called, by default the dataset's name.
    progress
        Called as ``progress(done, total)``.

    Raises
    ------
    SourceError
        The source is unknown or empty, holds several datasets, or an image cannot be read: a set
        is known as a whole or not at all.
    """
    datasets = find_datasets(source, root=root)
    if len(datasets) != 1:
        raise SourceError(
            f"{source!r} holds {len(datasets)} datasets; fingerprints are taken of one at a time"
        )
    images = list_images_of(datasets, ())
    examiner = Examiner()
    own, partners = [], []
    for number, image in enumerate(images):
        found = examiner.examine(image.job)
        for facts in (found.own, found.partner):
            if facts is not None and facts.reason:
                raise SourceError(
                    f"{image.image_id} cannot be read ({facts.reason}); "
                    "fingerprints are taken of whole sets: repair it or leave it away"
                )
        own.append(found.own)
        partners.append(found.partner)
        if progress is not None:
            progress(number + 1, len(images))
    prefix = len(datasets[0].name) + 1
    return Fingerprints(
        name or datasets[0].name,
        tuple(image.image_id[prefix:] for image in images),
        tuple(each.pixels for each in own),
        signs(_pictures(own)),
        tuple(each.pixels if each else "" for each in partners),
        signs(_pictures(partners)),
    )


def write_fingerprints(
    source: str,
    out: str | Path,
    *,
    name: str | None = None,
    root: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> tuple[Fingerprints, bool]:
    """Take fingerprints and write them; parameters and errors as for `fingerprint`.

    Returns
    -------
    The fingerprints, and whether the file held them already.

    Raises
    ------
    OutputExistsError
        Something else lies at `out`.
    """
    found = fingerprint(source, name=name, root=root, progress=progress)
    text = json.dumps(stamped(found.document()), indent=1, ensure_ascii=False) + "\n"
    return found, write_text_once(Path(out), text, overwrite=overwrite)


def _pictures(files: Sequence[FileFacts | None]) -> Thumbnails:
    empty = bytes(math.prod(SHAPE))
    data = b"".join(each.picture if each and each.picture else empty for each in files)
    return np.frombuffer(data, dtype=np.uint8).reshape(-1, *SHAPE)


def known_sets(
    images: Sequence[AuditedImage], examined: Sequence[Examined], sets: Sequence[Fingerprints]
) -> list[Finding]:
    """Report images that belong to known sets: equal pixels, or the same scene.

    An image of a set that is audited under its own name is reported, too: what it is called proves
    nothing.
    """
    usable = [at for at, facts in enumerate(examined) if not facts.own.reason]
    sides = [images[at].scene_side(examined[at]) for at in usable]
    own, clean = signs(_pictures([examined[at].own for at in usable])), signs(_pictures(sides))
    found = []
    for each in sets:
        equal = {pixels: row for row, pixels in enumerate(each.pixels)}
        has_partner = np.array([bool(pixels) for pixels in each.partner_pixels])
        theirs = np.where(has_partner[:, None], each.partner_packed, each.packed)
        near = _nearest(clean, theirs)
        for place, at in enumerate(usable):
            row, bits = int(near[0][place]), int(near[1][place])
            detail = f"the scene of {each.images[row]} of {each.name}"
            if examined[at].own.pixels in equal:
                row, bits = equal[examined[at].own.pixels], 0
                detail = f"equal to {each.images[row]} of {each.name}"
            elif bits <= NEAR and int(differing_bits(own[place] ^ each.packed[row])) <= NEAR // 4:
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


def _nearest(
    packed: npt.NDArray[np.uint8], known: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the nearest known signs, plain or flipped."""
    plain, mirror = nearest_sign(packed, known), nearest_sign(flipped(packed), known)
    better = mirror[1] < plain[1]
    return np.where(better, mirror[0], plain[0]), np.where(better, mirror[1], plain[1])
