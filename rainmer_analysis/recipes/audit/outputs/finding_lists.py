"""The findings of an audit as lists, one CSV file a kind."""

from __future__ import annotations

from pathlib import Path

from rainmer_analysis.auditing import FINDINGS
from rainmer_analysis.recipes.audit.audit_file import Audit
from rainmer_analysis.recipes.write_text_files import csv_text, write_texts_once

__all__ = ["write_finding_lists_once"]

_COLUMNS = ("a", "b", "leak", "detail")


def write_finding_lists_once(audit: Audit, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write one CSV file a kind of finding, also where there is none.

    Raises
    ------
    OutputExistsError
        Something else lies at one of the files.
    """
    texts = {}
    for kind in FINDINGS:
        found = [each for each in audit.findings if each.finding == kind]
        names = list(dict.fromkeys(name for each in found for name in each.numbers))
        rows = [
            [each.a, each.b or "", str(each.leak).lower(), each.detail]
            + [_cell_text(each.numbers.get(name, "")) for name in names]
            for each in found
        ]
        texts[folder / f"{kind}.csv"] = csv_text([*_COLUMNS, *names], rows)
    write_texts_once(texts, overwrite=overwrite)
    return list(texts)


def _cell_text(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value
