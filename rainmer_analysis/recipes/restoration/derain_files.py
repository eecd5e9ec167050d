"""Degraded image files to restored ones."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rainmer_analysis.errors import ImageError, OutputExistsError, SourceError
from rainmer_analysis.images import Account, file_sha256, png_request
from rainmer_analysis.infer import TILE, ImageRestorer, Tiling
from rainmer_analysis.recipes.restoration.output_paths import (
    RestorationJob,
    images_in,
    pair_folders,
    plan_outputs,
)
from rainmer_analysis.recipes.restoration.restored_files import Cut, restored_files
from rainmer_analysis.values import digest, write_atomically

__all__ = ["SKIPPED", "Derained", "derain"]

SKIPPED = "skipped.csv"
_COLUMNS = ("image", "reason")
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
    Tiling(tile, overlap)
    jobs = plan_outputs(given, place)
    for pair in pair_folders(given)[:1] if given.is_dir() else ():
        _log.warning(
            "%s holds folders input and target: clean images are restored as well; name the folder "
            "input itself to restore the rainy ones alone",
            given / pair,
        )
    listed = place / SKIPPED if given.is_dir() else None
    if listed is not None:
        _check_skipped_list(listed, overwrite=overwrite)
    made = {"weights": restorer.sha256, "configuration": restorer.configuration}
    if restorer.precision != "exact":
        made["precision"] = restorer.precision
    todo, existing, skipped = _split_by_state(
        jobs, {**made, "tile": tile, "overlap": Tiling(tile, overlap).shared}, overwrite=overwrite
    )
    done = len(jobs) - len(todo)
    if progress is not None:
        progress(done, len(jobs))
    written: list[Path] = []
    cut = Cut(tile, overlap)
    with closing(restored_files(todo, restorer, cut, alone=len(jobs) == 1)) as results:
        for number, result in enumerate(results, start=1):
            if result.fault:
                skipped[result.job.name] = result.fault
            else:
                written.append(result.job.target)
            if progress is not None:
                progress(done + number, len(jobs))
    reasons = tuple((job.name, skipped[job.name]) for job in jobs if job.name in skipped)
    _report_left_out(given, reasons, jobs, listed)
    account = images_in(given)[1] if given.is_dir() else None
    return Derained(place, tuple(written), existing, reasons, listed, account)


def _split_by_state(
    jobs: Sequence[RestorationJob], made: dict[str, object], *, overwrite: bool
) -> tuple[list[tuple[RestorationJob, str, str]], tuple[Path, ...], dict[str, str]]:
    """Tell what is to be done from what stands and what cannot be opened."""
    todo, existing, skipped = [], [], {}
    for job in jobs:
        try:
            sha256 = file_sha256(job.source)
        except ImageError as error:
            skipped[job.name] = str(error)
            continue
        request = digest({"derain": sha256, **made})
        if job.target.exists() and png_request(job.target) == request:
            existing.append(job.target)
            continue
        if job.target.is_dir() or (job.target.exists() and not overwrite):
            raise OutputExistsError(
                f"{job.target} already exists and holds something else; "
                "give another folder or allow --overwrite (overwrite=True in Python)"
            )
        todo.append((job, sha256, request))
    return todo, tuple(existing), skipped


def _report_left_out(
    source: Path,
    reasons: Sequence[tuple[str, str]],
    jobs: Sequence[RestorationJob],
    listed: Path | None,
) -> None:
    """Name what was left out; leaving everything out is an error."""
    for name, reason in reasons:
        _log.warning("left out %s: %s", name, reason)
    if listed is None:
        if reasons:
            raise ImageError(f"{source} cannot be restored: {reasons[0][1]}")
        return
    _write_skipped_list(listed, reasons)
    if len(reasons) == len(jobs):
        raise SourceError(
            f"none of the {len(jobs)} images of {source} can be used; the reasons are in {listed}"
        )


def _check_skipped_list(path: Path, *, overwrite: bool) -> None:
    if not path.exists() or (overwrite and path.is_file()):
        return
    head = ",".join(_COLUMNS) + "\n"
    if path.is_file() and path.read_bytes().startswith(head.encode()):
        return
    raise OutputExistsError(
        f"{path} already exists and holds something else; "
        "give another folder or allow --overwrite (overwrite=True in Python)"
    )


def _write_skipped_list(path: Path, reasons: Sequence[tuple[str, str]]) -> None:
    """Write the list, its header also when nothing was left out."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_COLUMNS, *reasons])
    data = text.getvalue().encode("utf-8", "backslashreplace")
    if not path.is_file() or path.read_bytes() != data:
        write_atomically(path, lambda place: _write(place, data))


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
