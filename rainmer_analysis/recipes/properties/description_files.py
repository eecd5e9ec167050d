"""The files of a description: a table, and beside it the list of files that were not used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rainmer_analysis.images.datasets import Dataset
from rainmer_analysis.recipes.account_for_files import account_for_files
from rainmer_analysis.recipes.write_text_files import csv_text, is_text_up_to_date, write_text_once
from rainmer_analysis.values import ImageSet, PropertyTable, checked_suffix

__all__ = [
    "account_for_left_out",
    "check_description_outputs",
    "listed_unusable_files",
    "skipped_list_path",
    "write_skipped_list",
]

_HEADER = ("image_id", "dataset", "path", "reason")


def skipped_list_path(out: str | Path) -> Path:
    """Return the list beside a table that names files which could not be used."""
    return Path(out).with_suffix(".skipped.csv")


def check_description_outputs(path: Path, *, overwrite: bool) -> None:
    """Make sure that a table can have this name, and that a list can lie beside it."""
    checked_suffix(path, "a table of properties", ".parquet")
    listed, header = skipped_list_path(path), csv_text(_HEADER, [])
    if not (listed.is_file() and listed.read_bytes().startswith(header.encode())):
        is_text_up_to_date(listed, header, overwrite=overwrite)


def account_for_left_out(
    datasets: Sequence[Dataset], images: ImageSet, left_out: pd.DataFrame
) -> dict[str, dict[str, Any]]:
    """Say of each dataset what became of all its files."""
    return account_for_files(datasets, images.rows.counts, Counter(left_out["dataset"]))


def listed_unusable_files(table: PropertyTable, key: str) -> pd.DataFrame:
    """Return the images, or partners, that a table says could not be used."""
    return pd.DataFrame([list(each) for each in table.made.get(key, ())], columns=list(_HEADER))


def write_skipped_list(path: Path, left_out: pd.DataFrame, partners: pd.DataFrame) -> None:
    """Write the list: images that were left out, and partners that cannot be used."""
    lines = [*left_out.itertuples(index=False), *_partner_lines(partners)]
    write_text_once(path, csv_text(_HEADER, lines), overwrite=True)


def _partner_lines(partners: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Return the lines of partners, which say what is missing for their sake."""
    for image_id, dataset, path, reason in partners.itertuples(index=False):
        yield image_id, dataset, path, f"as a target: {reason}; the pair has no measures"
