"""Extraction over several processes, on one machine or many, as torchrun starts them.

The image set is cut into one run of consecutive rows per rank. Each rank extracts its rows into a
folder of its own, which is restartable by itself; when all have finished, the first one makes
their tables visible at once, as folders of parts in the order of the rows. So a table on disk is
complete or not there, and read as a whole it equals that of a single process row for row.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import torch.distributed as dist

from rainmer_analysis.errors import OutputExistsError, RainmerAnalysisError, SourceError
from rainmer_analysis.infer.encoders.contract import Encoder, identity
from rainmer_analysis.infer.extract import extract
from rainmer_analysis.infer.extraction import Extraction, TablesOnDisk, contents
from rainmer_analysis.infer.outputs import (
    SKIPPED,
    SKIPPED_COLUMNS,
    check_skipped,
    read_skipped,
    request,
    work_key,
    write_skipped,
)
from rainmer_analysis.values import ImageSet, Space, standing

__all__ = ["Ranks", "extract_over_ranks", "rank_device", "ranks"]

_PATIENCE = timedelta(days=30)  # until the slowest rank has finished
_SENTENCE = 2048  # bytes


@dataclass(frozen=True)
class Ranks:
    """The number of a process among `world`."""

    rank: int
    world: int

    @property
    def part(self) -> str:
        """Name of this rank's part, without suffix."""
        return f"part-{self.rank:05d}-of-{self.world:05d}"

    def span(self, rows: int) -> range:
        """Give the rows of this rank: consecutive, and as many as any other's up to one."""
        return range(rows * self.rank // self.world, rows * (self.rank + 1) // self.world)


def ranks() -> Ranks | None:
    """Give the place among the processes that torchrun started, or None where it started none."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world < 2 or "RANK" not in os.environ:
        return None
    return Ranks(int(os.environ["RANK"]), world)


def rank_device(device: str) -> str:
    """Turn ``auto`` into this rank's own CUDA device where there are some."""
    if device != "auto" or not torch.cuda.is_available():
        return device
    return f"cuda:{int(os.environ.get('LOCAL_RANK', '0')) % torch.cuda.device_count()}"


def extract_over_ranks(
    images: ImageSet,
    encoder: Encoder,
    place: Ranks,
    *,
    out: str | Path,
    overwrite: bool = False,
    strict: bool = False,
    **options: Any,
) -> Extraction:
    """Do this rank's share of an extraction and wait for the others.

    Parameters
    ----------
    images
        The whole set, the same on all ranks.
    encoder
        As for `extract`, the same on all ranks.
    place
        This process among all.
    out
        Folder that all ranks see: gets a folder of parts per view, and ``skipped.csv``.
    overwrite, strict, options
        As for `extract`.

    Returns
    -------
    Extraction
        On the first rank of the whole; on the others without tables.

    Raises
    ------
    SourceError
        No image of the whole set could be used, or one was left out under `strict`.
    OutputExistsError
        Another table lies in `out`.
    """
    folder, frame = Path(out), images.rows.frame
    spaces = identity(encoder, rule=encoder.preprocessing)
    span = place.span(len(frame))
    share = place, frame.iloc[span.start : span.stop]
    with _group(place):
        with _agreed():
            check_skipped(folder / SKIPPED, overwrite=overwrite)
            mine = _stands(folder, spaces, share, overwrite=overwrite)
        stands = _all(mine)
        if not stands:
            pending = folder / f".ranks-{place.world}-{work_key(spaces, frame)[:16]}"
            with _agreed():
                _share(images, encoder, span, out=pending / place.part, **options)
            if place.rank == 0:
                _publish(pending, folder, spaces)
            dist.barrier()
        if place.rank != 0:
            return Extraction({}, _EMPTY, {}, up_to_date=stands)
        return _whole(folder, spaces, len(frame), (stands, strict))


_EMPTY = pd.DataFrame(columns=list(SKIPPED_COLUMNS))


@contextmanager
def _group(place: Ranks) -> Iterator[None]:
    dist.init_process_group("gloo", rank=place.rank, world_size=place.world, timeout=_PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


@contextmanager
def _agreed() -> Iterator[None]:
    """Do this rank's piece; where one rank cannot, all end with the sentence of the first such."""
    fault: RainmerAnalysisError | None = None
    try:
        yield
    except RainmerAnalysisError as error:
        fault = error
    said = [_none() for _ in range(dist.get_world_size())]
    dist.all_gather(said, _none() if fault is None else _told(fault))
    if fault is not None:
        raise fault
    for rank, sentence in enumerate(said):
        if sentence.any():
            text = bytes(sentence.tolist()).rstrip(b"\0").decode("utf-8", "ignore")
            raise SourceError(f"process {rank} ended: {text}")


def _none() -> torch.Tensor:
    return torch.zeros(_SENTENCE, dtype=torch.uint8)


def _told(fault: RainmerAnalysisError) -> torch.Tensor:
    text = (str(fault) or type(fault).__name__).encode("utf-8", "backslashreplace")[:_SENTENCE]
    return torch.tensor(list(text.ljust(_SENTENCE, b"\0")), dtype=torch.uint8)


def _all(mine: bool) -> bool:
    """Say whether all ranks say so."""
    said = torch.tensor([int(mine)])
    dist.all_reduce(said, op=dist.ReduceOp.MIN)
    return bool(said.item())


def _stands(
    folder: Path,
    spaces: Mapping[str, Space],
    share: tuple[Ranks, pd.DataFrame],
    *,
    overwrite: bool,
) -> bool:
    """Say whether this rank's parts answer the identical request already."""
    place, frame = share
    listed = set(read_skipped(folder / SKIPPED)["image_id"])
    if all(name in listed for name in frame["image_id"]):
        return True  # none of this share can be used, so it has no part
    tables = [folder / space.stem for space in spaces.values()]
    if not any(table.exists() for table in tables):
        return False
    found = list(contents(frame))
    for table, space in zip(tables, spaces.values(), strict=True):
        part = table / f"{place.part}.parquet"
        if not overwrite and table.exists() and not part.exists() and len(frame):
            raise OutputExistsError(
                f"{table} already exists and holds something else; "
                "give another folder or allow --overwrite"
            )
        if not standing(part, request(space, frame, found), overwrite=overwrite):
            return False
    return (folder / SKIPPED).exists()


def _share(images: ImageSet, encoder: Encoder, span: range, *, out: Path, **options: Any) -> None:
    """Extract this rank's rows; that none of them can be used is no error yet."""
    if not span:
        return
    mine = ImageSet(images.rows.take(span), images.sampling)
    try:
        extract(mine, encoder, out=out, overwrite=True, **options)
    except SourceError:
        if len(read_skipped(out / SKIPPED)) < len(mine):
            raise


def _publish(pending: Path, folder: Path, spaces: Mapping[str, Space]) -> None:
    """Make the parts of all ranks visible as one table per view."""
    parts = sorted(path for path in pending.iterdir() if path.name.startswith("part-"))
    for space in spaces.values():
        gathered = pending / space.stem
        gathered.mkdir(exist_ok=True)
        for part in parts:
            if (part / f"{space.stem}.parquet").exists():
                (part / f"{space.stem}.parquet").replace(gathered / f"{part.name}.parquet")
        shutil.rmtree(folder / space.stem, ignore_errors=True)
        if any(gathered.iterdir()):
            gathered.replace(folder / space.stem)
    encoder = next(iter(spaces.values())).encoder
    skipped = [read_skipped(part / SKIPPED) for part in parts]
    write_skipped(folder / SKIPPED, pd.concat(skipped, ignore_index=True), encoder)
    shutil.rmtree(pending, ignore_errors=True)


def _whole(
    folder: Path, spaces: Mapping[str, Space], total: int, told: tuple[bool, bool]
) -> Extraction:
    """Give the whole from disk, and judge what was left out."""
    stands, strict = told
    listed = read_skipped(folder / SKIPPED)
    mine = listed["encoder"] == next(iter(spaces.values())).encoder
    skipped = listed.loc[mine, list(SKIPPED_COLUMNS)].reset_index(drop=True)
    paths = {view: folder / space.stem for view, space in spaces.items()}
    if len(skipped) == total or (strict and len(skipped)):
        raise SourceError(
            f"{len(skipped)} of {total} images were left out; see {folder / SKIPPED}, "
            "and repair or remove them, or do without strict"
        )
    return Extraction(TablesOnDisk(paths), skipped, paths, up_to_date=stands)
