"""What a report is given: options, and folders or tables that `extract` wrote."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.recipes.audit import audit
from rainmer_analysis.recipes.extract_tables import extract
from rainmer_analysis.values import EmbeddingTable, read_as

__all__ = ["ReportInputs", "ReportOptions", "read_or_extract_inputs"]

_log = logging.getLogger(__name__)
_MOST_IMAGES = 20_000
Progress = Callable[[int, int], None] | None


@dataclass(frozen=True)
class ReportOptions:
    """Options of `report`, with its defaults.

    Parameters
    ----------
    encoders
        For folders: whose spaces are shown.
    weights
        For folders: name or file of the weights; None for each encoder's own.
    root
        Folder of the paper's datasets.
    per_dataset
        Images drawn from each dataset.
    resamples, null
        Of the intervals and of the tests of `relate`.
    neighbors
        Of the maps.
    audit
        File of an audit of the same datasets, whose findings are shown.
    with_audit
        Whether images of folders are audited where no such file is given.
    seed
        Of every random choice.
    device, precision
        Of the encoders.
    overwrite
        Whether other existing results may be replaced.
    """

    encoders: tuple[str, ...] = ("rainmer", "airnet")
    weights: str | None = None
    root: str | None = None
    per_dataset: int = 500
    resamples: int = 1000
    null: int = 1000
    neighbors: int = 50
    audit: str | None = None
    with_audit: bool = True
    seed: int = 42
    device: str = "auto"
    precision: str = "exact"
    overwrite: bool = False


@dataclass(frozen=True, eq=False)
class ReportInputs:
    """Tables of the same images in the same order, and what became of the images' files.

    Parameters
    ----------
    tables
        One for each space.
    accounts
        By dataset, a sentence about all files of its folder; empty for tables.
    skipped
        Images left out: id and reason.
    notes
        Sentences for the summary.
    audit
        File of an audit of the images; None for tables.
    """

    tables: Sequence[EmbeddingTable]
    accounts: Mapping[str, str] = field(default_factory=dict)
    skipped: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    audit: Path | None = None


def read_or_extract_inputs(
    sources: Sequence[str], folder: Path, options: ReportOptions, progress: Progress
) -> ReportInputs:
    """Read tables, or extract them from folders into `folder`.

    Raises
    ------
    ParameterError
        Tables and folders came together, two tables have one space, tables share no images, or
        there are more images than a page shows.
    """
    tables = [source for source in sources if _is_table_path(source)]
    if tables and len(tables) < len(sources):
        other = next(source for source in sources if source not in tables)
        raise ParameterError(
            f"{tables[0]} is a table and {other} is none; give folders (NAME=FOLDER, manifests) "
            "alone, or tables alone"
        )
    if tables:
        found = _inputs_from_tables([read_as(path, EmbeddingTable) for path in tables])
    else:
        found = _inputs_from_folders(sources, folder, options, progress)
    total = len(found.tables[0])
    if total > _MOST_IMAGES:
        raise ParameterError(
            f"{total:,} images came, and a page shows at most {_MOST_IMAGES:,}; "
            "take fewer of each dataset with --per-dataset"
        )
    return found


def _is_table_path(source: str) -> bool:
    path = Path(source)
    if path.is_dir():
        return any(path.glob("*.parquet"))
    return path.suffix.lower() == ".parquet"


def _inputs_from_tables(tables: Sequence[EmbeddingTable]) -> ReportInputs:
    names = [table.space.name for table in tables]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ParameterError(
            f"two tables are of the space {twice}; give one table for each space, extracted from "
            "all datasets together"
        )
    first = pd.Index(tables[0].rows.column("image_id"))
    shared = first
    for table in tables[1:]:
        shared = shared[shared.isin(table.rows.column("image_id"))]
    if len(shared) == 0:
        raise ParameterError(
            f"{names[0]} and the other tables share no image; give tables of the same images"
        )
    notes = []
    alone = sum(len(table) for table in tables) - len(shared) * len(tables)
    if alone:
        notes.append(f"{alone:,} rows of images that are not in every table are not shown.")
    same = [
        table.take(pd.Index(table.rows.column("image_id")).get_indexer(shared)) for table in tables
    ]
    return ReportInputs(same, notes=notes)


def _inputs_from_folders(
    sources: Sequence[str], folder: Path, options: ReportOptions, progress: Progress
) -> ReportInputs:
    tables: list[EmbeddingTable] = []
    skipped: dict[str, str] = {}
    accounts: dict[str, str] = {}
    for encoder in options.encoders:
        done = extract(
            list(sources),
            encoder,
            weights=options.weights,
            out=folder / "tables",
            root=options.root,
            per_dataset=options.per_dataset,
            seed=options.seed,
            device=options.device,
            precision=options.precision,
            overwrite=options.overwrite,
            progress=progress,
        )
        # AirNet's pooled features are a by-product of its one published view
        tables += [done[view] for view in done if view != "degradation-fea"]
        skipped |= dict(zip(done.skipped["image_id"], done.skipped["reason"], strict=True))
        accounts |= {name: str(each["sentence"]) for name, each in done.accounts.items()}
    found = _inputs_from_tables(tables)
    audited = None
    if options.audit is None and options.with_audit:
        audited = _audit_folders(sources, folder / "audit.json", options, progress)
    return ReportInputs(found.tables, accounts, list(skipped.items()), found.notes, audited)


def _audit_folders(
    sources: Sequence[str], path: Path, options: ReportOptions, progress: Progress
) -> Path:
    """Audit the images that were drawn, and return the file."""
    _log.info("auditing the images")
    audit(
        list(sources),
        out=path,
        root=options.root,
        per_dataset=options.per_dataset,
        seed=options.seed,
        overwrite=options.overwrite,
        progress=progress,
    )
    return path
