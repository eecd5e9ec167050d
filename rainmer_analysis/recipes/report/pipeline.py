"""Tables, maps, matrices and thumbnails to one page; everything in between is kept beside it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import Neighbours, align_maps, nearest_neighbours
from rainmer_analysis.pages import (
    DatasetEntry,
    Outlier,
    ReportContent,
    SpacePanel,
    render_report,
)
from rainmer_analysis.recipes.cached_results import cached_map
from rainmer_analysis.recipes.relate_tables import RelateOptions, cached_matrix
from rainmer_analysis.recipes.report.audit_findings import read_findings
from rainmer_analysis.recipes.report.colours import dataset_styles
from rainmer_analysis.recipes.report.existing_page import page_stands
from rainmer_analysis.recipes.report.inputs import Inputs, inputs_of
from rainmer_analysis.recipes.report.point_thumbnails import Thumbnails, thumbnails_of
from rainmer_analysis.recipes.report.report_options import ReportOptions
from rainmer_analysis.scores import FENCE, OUTLIER_NEIGHBOURS, find_outliers, isolation
from rainmer_analysis.sphere import project
from rainmer_analysis.values import (
    EmbeddingTable,
    RelationshipMatrix,
    Rows,
    digest,
    library_versions,
    versions_of,
    write_atomically,
)

__all__ = ["Report", "kept_folder", "report"]

_log = logging.getLogger(__name__)
Progress = Callable[[int, int], None] | None

MOST_IMAGES = 20_000
_SHOWN_NEIGHBOURS = 5
_MOST_OUTLIERS = 24


@dataclass(frozen=True)
class Report:
    """A page that was written, or that stood already.

    Parameters
    ----------
    path
        The page.
    kept
        The folder of tables, maps, matrices and thumbnails beside it.
    up_to_date
        Whether it answered the identical request already.
    content
        What it shows.
    """

    path: Path
    kept: Path
    up_to_date: bool
    content: ReportContent


def kept_folder(out: Path) -> Path:
    """Return the folder beside a page that holds everything in between."""
    return out.with_name(f"{out.stem}_files")


def report(
    sources: Sequence[str],
    out: str | Path,
    *,
    options: ReportOptions | None = None,
    command: str = "",
    progress: Progress = None,
) -> Report:
    """Make one page from folders of images, or from tables of the same images.

    Parameters
    ----------
    sources
        SOURCE texts as for `extract`, or paths of tables of different spaces.
    out
        The page, ``.html``.
    options
        All that it depends on beside the sources.
    command
        What the page says that it was made by.
    progress
        Called as ``progress(done, total)`` by the stages that look at images.

    Raises
    ------
    OutputExistsError
        Something else lies at `out` or beside it.
    RainmerAnalysisError
        A source, a table or a parameter cannot be used.
    """
    chosen, page = options or ReportOptions(), Path(out)
    if page.suffix.lower() not in (".html", ".htm"):
        raise ParameterError(
            f"a report cannot be written as {page.name!r}; use a name that ends in .html"
        )
    folder = kept_folder(page)
    inputs = inputs_of(sources, folder, chosen, progress)
    total = len(inputs.tables[0])
    if total > MOST_IMAGES:
        raise ParameterError(
            f"{total:,} images came, and a page shows at most {MOST_IMAGES:,}; "
            "take fewer of each dataset with --per-dataset"
        )
    rows = inputs.tables[0].rows
    audited = chosen.audit or inputs.audit
    audit = None if audited is None else read_findings(audited, rows)
    panels = _panels(inputs.tables, folder, chosen)
    _log.info("thumbnails of %d images", total)
    pictures = thumbnails_of(rows, folder / "thumbnails", progress)
    content = replace(_content(inputs, panels, pictures, command), audit=audit)
    request = _request(inputs, content, chosen)
    current = page_stands(page, request, overwrite=chosen.overwrite)
    if not current:
        text = render_report(content, request=request)
        write_atomically(page, lambda place: _write(place, text))
    return Report(page, folder, current, content)


def _panels(
    tables: Sequence[EmbeddingTable], folder: Path, options: ReportOptions
) -> list[SpacePanel]:
    maps, matrices = [], []
    layout = {
        "engine": "sphere",
        "neighbors": options.neighbors,
        "min_dist": 0.0,
        "seed": options.seed,
        "stability": 0,
    }
    for table in tables:
        name = table.space.name
        _log.info("%s: laying out %d images", name, len(table))
        path = folder / "maps" / f"{table.space.stem}.parquet"
        maps.append(cached_map(table, path, project, options=layout, overwrite=options.overwrite))
        _log.info("%s: relating %d datasets", name, len(table.rows.datasets))
        matrices.append(_matrix(table, folder, options))
    aligned = align_maps([each.value for each in maps])
    return [
        SpacePanel(
            map_,
            nearest_neighbours(table.vectors, _SHOWN_NEIGHBOURS, groups=table.rows.column("group")),
            matrix,
            _isolations(table),
            {**table.made, "dimensions": table.dim},
        )
        for map_, table, matrix in zip(aligned, tables, matrices, strict=True)
    ]


def _matrix(
    table: EmbeddingTable, folder: Path, options: ReportOptions
) -> RelationshipMatrix | None:
    if len(table.rows.datasets) < 2:
        return None
    relating = RelateOptions(resamples=options.resamples, null=options.null, seed=options.seed)
    path = folder / "matrices" / f"{table.space.stem}.json"
    return cached_matrix(table, path, options=relating, overwrite=options.overwrite).value


def _isolations(table: EmbeddingTable) -> dict[str, float]:
    found = {}
    for name in table.rows.datasets:
        try:
            found[name] = isolation(table, name)
        except ParameterError:  # no image of another scene stands beside it
            continue
    return found


def _content(
    inputs: Inputs, panels: Sequence[SpacePanel], pictures: Thumbnails, command: str
) -> ReportContent:
    rows = inputs.tables[0].rows
    return ReportContent(
        rows=rows,
        datasets=_datasets(rows, inputs),
        panels=panels,
        thumbnails=pictures.data,
        outliers=_outliers(inputs.tables, panels),
        skipped=inputs.skipped,
        notes=[*inputs.notes, *pictures.notes],
        command=command,
        provenance={
            "neighbours": {
                "shown": _SHOWN_NEIGHBOURS,
                "outlier_neighbours": OUTLIER_NEIGHBOURS,
                "fence": FENCE,
            },
            "tables": {table.space.name: table.content_sha256 for table in inputs.tables},
            "libraries": library_versions(),
        },
    )


def _datasets(rows: Rows, inputs: Inputs) -> list[DatasetEntry]:
    styles = dataset_styles(rows.datasets)
    scenes = rows.group_counts
    return [
        DatasetEntry(name, count, scenes[name], *style, inputs.accounts.get(name, ""))
        for (name, count), style in zip(rows.counts.items(), styles, strict=True)
    ]


def _outliers(tables: Sequence[EmbeddingTable], panels: Sequence[SpacePanel]) -> list[Outlier]:
    found = [
        (each, table, panel.neighbours)
        for table, panel in zip(tables, panels, strict=True)
        for each in find_outliers(table)
    ]
    found.sort(key=lambda item: -item[0].excess)
    return [
        Outlier(
            each.index,
            table.space.name,
            each.distance,
            each.typical,
            _among(table.rows, near, each.index),
        )
        for each, table, near in found[:_MOST_OUTLIERS]
    ]


def _among(rows: Rows, near: Neighbours, index: int) -> str:
    first = int(near.indices[index, 0])
    return "" if first < 0 else rows.datasets[int(rows.codes[first])]


def _request(inputs: Inputs, content: ReportContent, options: ReportOptions) -> str:
    """Return the digest of what the page shows."""
    dropped = ("overwrite", "audit", "with_audit")
    told = {name: value for name, value in asdict(options).items() if name not in dropped}
    asked = {
        "report": [table.content_sha256 for table in inputs.tables],
        "maps": [each.map.content_sha256 for each in content.panels],
        "matrices": [
            each.matrix.content_sha256 if each.matrix else None for each in content.panels
        ],
        "skipped": [list(each) for each in inputs.skipped],
        "accounts": dict(inputs.accounts),
        "notes": list(content.notes),
        "pictures": [hashlib.sha256(each or b"").hexdigest() for each in content.thumbnails],
        "audit": None if content.audit is None else [asdict(each) for each in content.audit],
        "options": told,
    }
    return digest(asked | {"versions": versions_of("report")})


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
