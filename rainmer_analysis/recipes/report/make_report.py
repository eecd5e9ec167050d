"""Tables, maps, matrices and thumbnails to one page; everything in between is kept beside it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rainmer_analysis.pages import (
    DatasetEntry,
    ReportContent,
    SpaceResults,
    page_up_to_date_or_refuse,
    render_report,
)
from rainmer_analysis.recipes.report.audit_findings import audited_scene_notes, read_audit_findings
from rainmer_analysis.recipes.report.dataset_colours_and_markers import dataset_colours_and_markers
from rainmer_analysis.recipes.report.report_inputs import (
    ReportInputs,
    ReportOptions,
    read_or_extract_inputs,
)
from rainmer_analysis.recipes.report.space_results_and_outliers import (
    NEIGHBOUR_RULES,
    list_outliers,
    results_of_each_space,
)
from rainmer_analysis.recipes.report.table_thumbnails import Thumbnails, thumbnails_of_rows
from rainmer_analysis.values import (
    Rows,
    algorithm_versions,
    checked_suffix,
    digest,
    library_versions,
    write_text,
)

__all__ = ["Report", "intermediate_folder", "report"]

_log = logging.getLogger(__name__)
Progress = Callable[[int, int], None] | None


@dataclass(frozen=True)
class Report:
    """A page that was written, or that existed already.

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


def intermediate_folder(out: Path) -> Path:
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
    checked_suffix(page, "a report", ".html", also=(".htm",))
    folder = intermediate_folder(page)
    inputs = read_or_extract_inputs(sources, folder, chosen, progress)
    rows = inputs.tables[0].rows
    audited = chosen.audit or inputs.audit
    audit = None if audited is None else read_audit_findings(audited, rows)
    scenes = [] if audited is None else audited_scene_notes(audited, rows)
    panels = results_of_each_space(inputs.tables, folder, chosen)
    _log.info("thumbnails of %d images", len(rows))
    pictures = thumbnails_of_rows(rows, folder / "thumbnails", progress)
    content = _report_content(inputs, panels, pictures, command)
    content = replace(content, audit=audit, notes=[*scenes, *content.notes])
    request = _page_request_digest(inputs, content, chosen)
    current = page_up_to_date_or_refuse(page, request, overwrite=chosen.overwrite)
    if not current:
        write_text(page, render_report(content, request=request))
    return Report(page, folder, current, content)


def _report_content(
    inputs: ReportInputs, panels: Sequence[SpaceResults], pictures: Thumbnails, command: str
) -> ReportContent:
    rows = inputs.tables[0].rows
    return ReportContent(
        rows=rows,
        datasets=_dataset_entries(rows, inputs),
        panels=panels,
        thumbnails=pictures.data,
        outliers=list_outliers(inputs.tables, panels),
        skipped=inputs.skipped,
        notes=[*inputs.notes, *pictures.notes],
        command=command,
        provenance={
            "neighbours": NEIGHBOUR_RULES,
            "tables": {table.space.name: table.content_sha256 for table in inputs.tables},
            "libraries": library_versions(),
        },
    )


def _dataset_entries(rows: Rows, inputs: ReportInputs) -> list[DatasetEntry]:
    styles = dataset_colours_and_markers(rows.datasets)
    scenes = rows.group_counts
    return [
        DatasetEntry(name, count, scenes[name], *style, inputs.accounts.get(name, ""))
        for (name, count), style in zip(rows.counts.items(), styles, strict=True)
    ]


def _page_request_digest(
    inputs: ReportInputs, content: ReportContent, options: ReportOptions
) -> str:
    dropped = ("overwrite", "audit", "with_audit")
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
        "options": {k: v for k, v in asdict(options).items() if k not in dropped},
    }
    return digest(asked | {"versions": algorithm_versions("report")})
