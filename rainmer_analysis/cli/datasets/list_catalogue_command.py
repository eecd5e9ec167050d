"""``datasets list``: the paper's datasets."""

from __future__ import annotations

import click

from rainmer_analysis.cli.options import CommonOptions, common_options
from rainmer_analysis.cli.terminal.text_tables import align_columns

__all__ = ["list_catalogue"]


@click.command("list")
@common_options
def list_catalogue(common: CommonOptions) -> None:
    """List the paper's datasets and where they lie below --root."""
    from rainmer_analysis.images import CATALOGUE

    entries = [
        {
            "name": each.name,
            "split": each.split,
            "folder": each.folders[0],
            "images": each.expected,
            "pairs": "halves" if each.halves else "yes" if each.targets else "no",
            "note": each.note,
        }
        for each in CATALOGUE.values()
    ]
    header = list(entries[0])
    rows = [["" if each[key] is None else str(each[key]) for key in header] for each in entries]
    common.print_result(
        {"kind": "catalogue", "datasets": entries}, align_columns([header, *rows], left=len(header))
    )
