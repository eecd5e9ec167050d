"""Image set in, one table of unit vectors per view out."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from rainmer_analysis.errors import (
    ImageError,
    OutputExistsError,
    ParameterError,
    SourceError,
)
from rainmer_analysis.images.reading import file_sha256
from rainmer_analysis.images.resize import RESIZE_RULES
from rainmer_analysis.infer.encoders.contract import Encoder, identity
from rainmer_analysis.infer.outputs import (
    SKIPPED,
    SKIPPED_COLUMNS,
    check_skipped,
    read_skipped,
    request,
    work_key,
    write_skipped,
)
from rainmer_analysis.infer.shards import SHARD, Outcome, Part, Shards
from rainmer_analysis.infer.stream import Job, encoded, read_ahead
from rainmer_analysis.values import EmbeddingTable, ImageSet, Rows, Space, read, standing, write

__all__ = ["Extraction", "extract"]

_COLUMNS = ("image_id", "dataset", "group", "split", "target", "path")
_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Extraction:
    """What an extraction gave.

    Parameters
    ----------
    tables
        One table per view, rows in the order of the image set.
    skipped
        Images left out: ``image_id, dataset, path, reason``.
    paths
        The file of each view; empty where nothing was written.
    up_to_date
        Whether the files answered the identical request already.
    """

    tables: Mapping[str, EmbeddingTable]
    skipped: pd.DataFrame
    paths: Mapping[str, Path]
    up_to_date: bool = False


def extract(
    images: ImageSet,
    encoder: Encoder,
    *,
    out: str | Path | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
    resize_rule: str | None = None,
    overwrite: bool = False,
    strict: bool = False,
    progress: Progress | None = None,
) -> Extraction:
    """Read, resize and encode every image, all views in one pass.

    An image that cannot be used is left out and named; it never stops the others or changes their
    vectors. Vectors agree within 1e-5 whatever the batch size, the workers and the order.

    Parameters
    ----------
    images
        What to look at.
    encoder
        What looks; see `load_encoder`.
    out
        Folder for ``<encoder>-<view>.parquet`` and ``skipped.csv``. Finished shards of an
        interrupted run in it are used; files that answer the identical request are left as they
        are. Without it nothing is written.
    batch_size
        Images per pass; by default what the encoder prefers.
    workers
        Threads that read and resize ahead of the encoder; by default up to four.
    resize_rule
        Name of a resize rule; by default the encoder's ``preprocessing``.
    overwrite
        Whether other tables in `out` may be replaced.
    strict
        Whether an image left out is an error, after everything is written.
    progress
        Called as ``progress(done, total)`` after each image.

    Raises
    ------
    SourceError
        No image could be used, or one was left out under `strict`.
    OutputExistsError
        Another table lies in `out`.
    ParameterError
        A parameter lies outside what is allowed.
    """
    rule = resize_rule or encoder.preprocessing
    threads = _checked(batch_size, workers, rule)
    spaces = identity(encoder, rule=rule)
    frame = images.rows.frame
    folder = None if out is None else Path(out)
    if folder is not None:
        known = _standing(folder, spaces, frame, overwrite=overwrite)
        if known is not None:
            _judge(known.skipped, len(frame), folder, strict=strict)
            return known
    shards = Shards(_work_folder(folder, spaces, frame))
    batch = batch_size or int(getattr(encoder, "preferred_batch", 8))

    def encode(jobs: list[Job]) -> Generator[Outcome, None, None]:
        return encoded(jobs, encoder, rule=rule, batch_size=batch, workers=threads)

    part = _run(frame, encoder.views, shards, encode=encode, progress=progress)
    skipped = _skipped(frame, part)
    tables, paths = {}, {}
    if part.good.any():
        rows = _rows(frame, part)
        made = _made(images, encoder)
        tables = {
            view: EmbeddingTable(part.vectors[view], rows, space, made)
            for view, space in spaces.items()
        }
    if folder is not None:
        write_skipped(folder / SKIPPED, skipped, encoder.name)
        for view, table in tables.items():
            key = request(spaces[view], frame, part.sha256.tolist())
            path = folder / f"{spaces[view].stem}.parquet"
            paths[view] = write(table, path, overwrite=overwrite, request=key)
        shards.discard()
    _judge(skipped, len(frame), folder, strict=strict)
    return Extraction(tables, skipped, paths)


def _checked(batch_size: int | None, workers: int | None, rule: str) -> int:
    """Check the numbers and give the number of threads that read."""
    for name, value in (("batch_size", batch_size), ("workers", workers)):
        if value is not None and value < 1:
            raise ParameterError(f"{name} is {value}; it must be at least 1")
    if rule not in RESIZE_RULES:
        raise ParameterError(
            f"unknown resize rule {rule!r}; allowed are {', '.join(sorted(RESIZE_RULES))}"
        )
    return workers or min(4, os.cpu_count() or 1)


def _standing(
    folder: Path, spaces: Mapping[str, Space], frame: pd.DataFrame, *, overwrite: bool
) -> Extraction | None:
    """Give what stands in the folder if it answers the identical request."""
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError(f"{folder} is a file, but tables go into a folder; give another")
    check_skipped(folder / SKIPPED, overwrite=overwrite)
    paths = {view: folder / f"{space.stem}.parquet" for view, space in spaces.items()}
    if not any(path.exists() for path in paths.values()):
        return None
    contents = list(read_ahead(frame["path"], _content, workers=2, ahead=16))
    stands = [
        standing(path, request(spaces[view], frame, contents), overwrite=overwrite)
        for view, path in paths.items()
    ]
    if not (all(stands) and (folder / SKIPPED).exists()):
        return None
    tables: dict[str, EmbeddingTable] = {}
    for view, path in paths.items():
        table = read(path)
        assert isinstance(table, EmbeddingTable)
        tables[view] = table
    missing = set(frame["image_id"]) - set(next(iter(tables.values())).rows.column("image_id"))
    listed = read_skipped(folder / SKIPPED)
    mine = listed["encoder"] == next(iter(spaces.values())).encoder
    skipped = listed.loc[mine, list(SKIPPED_COLUMNS)].reset_index(drop=True)
    if len(skipped) != len(missing):  # the list belongs to another run: make it anew
        return None
    return Extraction(tables, skipped, paths, up_to_date=True)


def _content(path: str) -> str:
    try:
        return file_sha256(path)
    except ImageError:
        return ""


def _work_folder(
    folder: Path | None, spaces: Mapping[str, Space], frame: pd.DataFrame
) -> Path | None:
    return None if folder is None else folder / f".extract-{work_key(spaces, frame)[:16]}"


def _run(
    frame: pd.DataFrame,
    views: Mapping[str, int],
    shards: Shards,
    *,
    encode: Callable[[list[Job]], Generator[Outcome, None, None]],
    progress: Progress | None,
) -> Part:
    """Complete the shards: finished ones are read, images left out before are tried again."""
    total = len(frame)
    spans = [range(low, min(low + SHARD, total)) for low in range(0, total, SHARD)]
    finished = [shards.load(number, views) for number in range(len(spans))]
    known = [part.outcomes() if part is not None else [] for part in finished]
    todo = [
        sorted(set(span) - {outcome.index for outcome in outcomes})
        for span, outcomes in zip(spans, known, strict=True)
    ]
    jobs = _jobs(frame)
    done = total - sum(map(len, todo))
    if done:
        _log.info("continuing: %d of %d images were finished before", done, total)
    parts = []
    with closing(encode([jobs[index] for indices in todo for index in indices])) as stream:
        for number, indices in enumerate(todo):
            fresh: list[Outcome] = []
            try:
                for outcome in islice(stream, len(indices)):
                    fresh.append(outcome)
                    done += 1
                    if progress is not None:
                        progress(done, total)
            finally:  # an interruption keeps what this shard has so far
                parts.append(Part.of([*known[number], *fresh], views))
                if fresh:
                    shards.save(number, parts[-1])
    return Part.joined(parts)


def _jobs(frame: pd.DataFrame) -> list[Job]:
    texts = frame[[name for name in _COLUMNS if name in frame.columns]]
    return [
        Job(index, str(path), region, "" if _writable(cells) else _BAD_NAME)
        for index, (path, region, cells) in enumerate(
            zip(frame["path"], frame["region"], texts.itertuples(index=False), strict=True)
        )
    ]


_BAD_NAME = "its name is not valid UTF-8, so that no table can hold it; rename it"


def _writable(cells: tuple[Any, ...]) -> bool:
    try:
        for cell in cells:
            str(cell).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _skipped(frame: pd.DataFrame, part: Part) -> pd.DataFrame:
    bad = part.index[~part.good]
    skipped = frame.iloc[bad][["image_id", "dataset", "path"]].reset_index(drop=True)
    return skipped.assign(reason=part.reason[~part.good].tolist())


def _rows(frame: pd.DataFrame, part: Part) -> Rows:
    good = part.good
    columns = list(_COLUMNS)
    if (frame["region"] != "whole").any():
        columns.append("region")
    kept = frame.iloc[part.index[good]][columns].reset_index(drop=True)
    measured = {
        "sha256": part.sha256[good].tolist(),
        "width": part.width[good],
        "height": part.height[good],
    }
    return Rows(kept.assign(**measured))


def _made(images: ImageSet, encoder: Encoder) -> dict[str, Any]:
    sampling = dict(images.sampling)
    return {
        "encoder": {
            "name": encoder.name,
            "sha256": encoder.sha256,
            "api_version": encoder.api_version,
            "configuration": dict(getattr(encoder, "configuration", {})),
        },
        "seed": sampling.pop("seed", None),
        "sampling": sampling,
    }


def _judge(skipped: pd.DataFrame, total: int, folder: Path | None, *, strict: bool) -> None:
    """Say what was left out, as a note or as an error."""
    if skipped.empty:
        return
    where = f"; see {folder / SKIPPED}" if folder is not None else ""
    first = f"the first is {skipped['path'].iloc[0]!r}: {skipped['reason'].iloc[0]}"
    if len(skipped) == total:
        raise SourceError(f"none of the {total} images could be used ({first}){where}")
    if strict:
        raise SourceError(
            f"{len(skipped)} of {total} images were left out ({first}){where}; "
            "repair or remove them, or do without strict"
        )
    _log.info("%d of %d images were left out (%s)%s", len(skipped), total, first, where)
