"""The fingerprints of a whole set, by which its images are known elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rainmer_analysis.auditing import Fingerprints, perceptual_hashes
from rainmer_analysis.errors import SourceError
from rainmer_analysis.recipes.audit.examine_images import Examiner, stack_thumbnails
from rainmer_analysis.recipes.audit.gather_images import find_one_dataset_and_images
from rainmer_analysis.recipes.write_text_files import write_json_once

__all__ = ["fingerprint", "write_fingerprints_once"]

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
    dataset, images = find_one_dataset_and_images(source, root=root)
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
    prefix = len(dataset.name) + 1
    return Fingerprints(
        name or dataset.name,
        tuple(image.image_id[prefix:] for image in images),
        tuple(each.pixels for each in own),
        perceptual_hashes(stack_thumbnails(own)),
        tuple(each.pixels if each else "" for each in partners),
        perceptual_hashes(stack_thumbnails(partners)),
    )


def write_fingerprints_once(
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
    return found, write_json_once(Path(out), found.document(), overwrite=overwrite)
