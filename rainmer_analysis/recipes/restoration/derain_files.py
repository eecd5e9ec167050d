"""Degraded image files to restored ones."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rainmer_analysis.images import Account
from rainmer_analysis.infer import TILE, ImageRestorer, Tiling
from rainmer_analysis.recipes.restoration.plan_restoration_jobs import (
    images_and_account_of,
    input_target_folders,
    plan_restoration_jobs,
)
from rainmer_analysis.recipes.restoration.restore_and_write_files import (
    TileSize,
    restore_and_write_files,
    split_into_pending_existing_skipped,
)
from rainmer_analysis.recipes.restoration.skipped_list import (
    SKIPPED,
    demand_free_or_replaceable_list,
    list_left_out_or_raise,
)

__all__ = ["Derained", "derain"]

_log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Derained:
    """What lies in `out` now.

    Parameters
    ----------
    out
        The file or folder that was named.
    written, existing
        Files restored now, and those that answered the identical request already.
    skipped
        Images left out and the reasons.
    listed
        Where `skipped` is written; None for a single image.
    account
        What became of all files of the folder; None for a single image.
    """

    out: Path
    written: tuple[Path, ...]
    existing: tuple[Path, ...]
    skipped: tuple[tuple[str, str], ...]
    listed: Path | None
    account: Account | None = None

    @property
    def up_to_date(self) -> bool:
        """Return whether everything had been there."""
        return not self.written


def derain(
    source: str | Path,
    out: str | Path,
    restorer: ImageRestorer,
    *,
    tile: int = TILE,
    overlap: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Derained:
    """Restore an image, or all images below a folder.

    Images are read upright and in full, and written as 8-bit PNG, whatever they were. Of a folder
    the subfolders and names are kept: ``a/b.png`` stays ``a/b.png``; ``a/b.jpg`` becomes
    ``a/b.png``, or ``a/b.jpg.png`` where another image of the folder would get that name too. The
    images themselves are never written to. What an identical request (bytes of the image,
    weights, configuration, tiles) has left stays as it is, so that an interrupted run can be
    started again.

    Parameters
    ----------
    source
        An image, or a folder that is searched recursively.
    out
        A folder; for a single image also the name of a ``.png``.
    restorer
        Restores.
    tile, overlap
        How large images are cut, see `ImageRestorer.restore`.
    overwrite
        Whether other existing files may be replaced.
    progress
        Called with images done and all images.

    Returns
    -------
    What was written and what was left out. Of a folder, images that cannot be used are left out
    and named with the reason in ``skipped.csv``.

    Raises
    ------
    SourceError
        There is no such source, or no image in it can be used.
    ImageError
        The single image cannot be used.
    OutputExistsError
        Something else lies where a result should go; nothing was written then.
    ParameterError
        Results would lie among the images, or tiles cannot be so.
    """
    given, place = Path(source), Path(out)
    shared = Tiling(tile, overlap).least_overlap
    jobs = plan_restoration_jobs(given, place)
    listed = _checked_skipped_list_path(given, place, overwrite=overwrite)
    request = _restorer_request_fields(restorer) | {"tile": tile, "overlap": shared}
    todo, existing, skipped = split_into_pending_existing_skipped(
        jobs, request, overwrite=overwrite
    )
    done = len(jobs) - len(todo)
    if progress is not None:
        progress(done, len(jobs))
    written: list[Path] = []
    cut = TileSize(tile, overlap)
    with closing(restore_and_write_files(todo, restorer, cut, alone=len(jobs) == 1)) as results:
        for number, result in enumerate(results, start=1):
            if result.fault:
                skipped[result.job.name] = result.fault
            else:
                written.append(result.job.target)
            if progress is not None:
                progress(done + number, len(jobs))
    reasons = tuple((job.name, skipped[job.name]) for job in jobs if job.name in skipped)
    list_left_out_or_raise(given, reasons, len(jobs), listed)
    account = images_and_account_of(given)[1] if given.is_dir() else None
    return Derained(place, tuple(written), existing, reasons, listed, account)


def _checked_skipped_list_path(given: Path, place: Path, *, overwrite: bool) -> Path | None:
    """Return where a folder's images that are left out are listed; warn of clean ones in it."""
    if not given.is_dir():
        return None
    for pair in input_target_folders(given)[:1]:
        _log.warning(
            "%s holds folders input and target: clean images are restored as well; name the folder "
            "input itself to restore the rainy ones alone",
            given / pair,
        )
    listed = place / SKIPPED
    demand_free_or_replaceable_list(listed, overwrite=overwrite)
    return listed


def _restorer_request_fields(restorer: ImageRestorer) -> dict[str, object]:
    """Return what of a restorer decides its results."""
    made: dict[str, object] = {"weights": restorer.sha256, "configuration": restorer.configuration}
    if restorer.precision != "exact":
        made["precision"] = restorer.precision
    return made
