"""Restored image files against their targets: PSNR and SSIM of each, and their means."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path, PurePosixPath

from rainmer_analysis.errors import ImageError, OutputExistsError, ParameterError, SourceError
from rainmer_analysis.images import (
    QUALITIES,
    WINDOW,
    Account,
    Rule,
    crop_border,
    map_ahead_in_threads,
    measure_by_every_protocol,
    pair_names,
    parse_patterns,
    read_image,
)
from rainmer_analysis.recipes.restoration.evaluation_report import (
    COLUMNS,
    Evaluation,
    ImageQuality,
    scores_as_csv,
)
from rainmer_analysis.recipes.restoration.plan_restoration_jobs import (
    images_and_account_of,
    input_target_folders,
)
from rainmer_analysis.recipes.write_text_files import write_text_once

__all__ = ["Evaluation", "ImageQuality", "evaluate"]

_WORKERS = 4  # threads that read and measure; filters run without the interpreter's lock
Progress = Callable[[int, int], None]
_log = logging.getLogger(__name__)


def evaluate(
    result: str | Path,
    target: str | Path,
    *,
    pair: str | Sequence[str] | None = None,
    border: int = 0,
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Compare restored images with their targets.

    Parameters
    ----------
    result, target
        Two images, or two folders that are searched recursively. Partners have equal relative
        paths; else ``a.jpg.png`` goes with ``a.jpg``; else the only two of a stem are partners.
    pair
        How else names correspond, ``RESULT -> TARGET`` with ``*``, as in ``*_s*_a* -> *``; then
        many results may share a target. See `rainmer_analysis.images.datasets.search.name_pairing`.
    border
        Pixels that are left out at every side before anything is measured.
    out
        CSV of one row an image, numbers with six decimals; None writes nothing.
    overwrite
        Whether another file may be replaced.
    progress
        Called with pairs done and all pairs.

    Returns
    -------
    One score an image, in the order of results, then targets without one. Images without a
    partner, of unequal sizes or unreadable count in no mean and have a reason instead.

    Raises
    ------
    SourceError
        A file or folder is missing, only one of the two is a folder, or nothing can be compared.
    OutputExistsError
        Something else lies at `out`.
    """
    place = None if out is None else Path(out)
    if place is not None:
        _check_csv_output(place, overwrite=overwrite)
    rule = None if pair is None else parse_patterns(pair)
    if border < 0:
        raise ParameterError(f"a border of {border} pixels was to be left out; give 0 or more")
    scores, accounts = _scores_and_accounts((Path(result), Path(target)), (rule, border), progress)
    evaluation = Evaluation(scores, place, accounts=accounts, border=border)
    if not evaluation.compared_images:
        first = evaluation.left_out_images[0]
        advice = (
            "give two folders with equal names, say how they pair with --pair "
            "'RESULT -> TARGET', or give two images"
            if not (first.image and first.target)
            else "give results and targets of the same images, whole and in the same size"
        )
        raise SourceError(
            f"no image of {result} can be compared with {target}: the first, {first.name}, "
            f"has {first.reason}; {advice}"
        )
    if place is None:
        return evaluation
    held = write_text_once(place, scores_as_csv(scores), overwrite=overwrite)
    return replace(evaluation, up_to_date=held)


def _scores_and_accounts(
    places: tuple[Path, Path], how: tuple[Rule, int], progress: Progress | None
) -> tuple[tuple[ImageQuality, ...], tuple[Account, ...]]:
    (result, target), (rule, border) = places, how
    for path in places:
        if not path.exists():
            raise SourceError(f"there is no file or folder {path}; give an image or a folder")
    if result.is_dir() != target.is_dir():
        raise SourceError(
            f"only one of {result} and {target} is a folder; give two folders or two images"
        )
    if not result.is_dir():
        return (_score_image(result.name, target.name, places, border),), ()
    (results, own), (targets, theirs) = images_and_account_of(result), images_and_account_of(target)
    _warn_of_input_folders(target)
    pairing = pair_names([*map(str, results)], [*map(str, targets)], rule, once=True)
    partners = dict(pairing.pairs)

    def score_result(item: tuple[PurePosixPath, Path]) -> ImageQuality:
        name, file = str(item[0]), item[1]
        if name in partners:
            return _score_image(name, partners[name], (file, target / partners[name]), border)
        several = pairing.unclear.get(name)
        reason = f"several targets of that name: {several}" if several else "no target of that name"
        return ImageQuality(name, "", reason=reason)

    found: list[ImageQuality] = []
    workers = min(_WORKERS, os.cpu_count() or 1)
    with closing(
        map_ahead_in_threads(results.items(), score_result, workers=workers, ahead=2 * workers)
    ) as scores:
        for number, each in enumerate(scores, start=1):
            found.append(each)
            if progress is not None:
                progress(number, len(results))
    found += [
        ImageQuality("", target, reason="no result of that name") for target in pairing.targets
    ]
    return tuple(found), (own, theirs)


def _warn_of_input_folders(target: Path) -> None:
    """Warn where targets would be looked for among rainy images."""
    for place in input_target_folders(target)[:1]:
        _log.warning(
            "%s holds folders input and target: results are compared with files of their own "
            "names, rainy ones among them; name the folder target itself",
            target / place,
        )


def _score_image(image: str, target: str, paths: tuple[Path, Path], border: int) -> ImageQuality:
    read = []
    for path, what in zip(paths, ("result", "target"), strict=True):
        try:
            read.append(read_image(path))
        except ImageError as error:
            return ImageQuality(image, target, reason=f"a {what} that cannot be used: {error}")
    (height, width), other = read[0].shape[1:], read[1].shape[1:]
    if other != (height, width):
        sizes = f"{width}x{height} against {other[1]}x{other[0]} pixels"
        return ImageQuality(image, target, reason=f"another size than its target: {sizes}")
    if min(height, width) - 2 * border < WINDOW:
        within = f" without {border} pixels at every side" if border else ""
        reason = (
            f"a side under {WINDOW} pixels{within}, too small for SSIM: {width}x{height} pixels"
        )
        return ImageQuality(image, target, width, height, reason=reason)
    inner = [crop_border(each, border) for each in read]
    qualities = {name: quality(*inner) for name, quality in QUALITIES.items()}
    return ImageQuality(
        image, target, width, height, qualities, protocols=measure_by_every_protocol(*inner)
    )


def _check_csv_output(path: Path, *, overwrite: bool) -> None:
    """Refuse what cannot be written before any work is done."""
    if path.suffix.lower() != ".csv":
        raise ParameterError(
            f"scores cannot be written as {path.name!r}; use a name that ends in .csv"
        )
    if not path.exists() or (overwrite and path.is_file()):
        return
    if not path.is_file() or not path.read_bytes().startswith(",".join(COLUMNS).encode()):
        raise OutputExistsError.at(path)
