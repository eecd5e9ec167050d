"""Manifests of chosen images, which every command reads, and lists of chosen rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.datasets.manifest_text import (
    demand_manifest_suffix,
    groups_csv_path,
    manifest_dataset_lines,
    relative_path,
    toml_quoted,
)
from rainmer_analysis.recipes.write_text_files import csv_text, write_texts_once
from rainmer_analysis.values import Rows

__all__ = [
    "demand_manifest_suffix",
    "images_manifest_and_scenes_texts",
    "row_numbers_manifest_text",
    "write_manifest_and_scenes_once",
]

_SUFFIX = "-balance"


def write_manifest_and_scenes_once(
    out: Path, text: str, scenes: str | None, *, overwrite: bool
) -> bool:
    """Write a manifest and its file of scenes, or neither; return whether it was there already."""
    demand_manifest_suffix(out)
    texts = {} if scenes is None else {groups_csv_path(out): scenes}
    return write_texts_once({**texts, out: text}, overwrite=overwrite)[-1]


def row_numbers_manifest_text(
    name: str, file: str, rows: Sequence[int], remarks: Sequence[str]
) -> str:
    """Return a list of rows of an array as TOML; rows count from 0."""
    lines = [*(f"# {each}".rstrip() for each in remarks), "", "[[dataset]]"]
    lines += [
        f"name = {toml_quoted(name + _SUFFIX)}",
        f"properties = {toml_quoted(file)}",
        "rows = [",
    ]
    lines += [f"  {', '.join(map(str, rows[at : at + 12]))}," for at in range(0, len(rows), 12)]
    return "\n".join([*lines, "]", ""])


def images_manifest_and_scenes_texts(
    rows: Rows, manifest: Path, remarks: Sequence[str], *, suffix: str = _SUFFIX
) -> tuple[str, str | None]:
    """Return a manifest of images as TOML, and the text of its file of scenes.

    Each dataset becomes ``<name><suffix>``. Images with and without a target, which one list
    cannot hold together, become two, the second ``<name><suffix>-unpaired``. Paths are relative
    to the manifest. Scenes are written down where they are more than the image itself; without
    any the second text is None.
    """
    base = manifest.parent.absolute()
    frame = rows.frame
    if not {"path", "target"} <= set(frame):
        raise ParameterError(
            "the table does not say where its images lie; describe or extract them anew"
        )
    frame["kind"] = [_manifest_kind_of_row(row) for row in frame.to_dict("records")]
    named = frame["group"] != frame["image_id"]
    lines = [f"# {each}".rstrip() for each in remarks]
    for dataset in rows.datasets:
        own = frame[frame["dataset"] == dataset]
        kinds = sorted(own["kind"].unique(), key=_ORDER.index)
        for kind in kinds:
            part = own[own["kind"] == kind]
            name = f"{dataset}{suffix}" + (f"-{kind}" if kind != kinds[0] else "")
            lines += manifest_dataset_lines(
                name, kind, images=part["path"], targets=part["target"], base=base
            )
            if named[part.index].any():
                lines.append(f"groups = {toml_quoted(groups_csv_path(manifest).name)}")
    if not named.any():
        return "\n".join([*lines, ""]), None
    scenes = frame.loc[named, ["path", "group"]].itertuples(index=False)
    pairs = dict.fromkeys((relative_path(path, base), group) for path, group in scenes)
    return "\n".join([*lines, ""]), csv_text(("image", "group"), pairs)


_ORDER = ("paired", "left", "right", "unpaired")


def _manifest_kind_of_row(row: Mapping[Any, Any]) -> str:
    region, target = row.get("region", "whole"), row["target"]
    if not isinstance(row["path"], str):
        raise ParameterError(
            f"the table does not say where {row['image_id']!r} lies; describe the images anew"
        )
    if region == "whole":
        return "unpaired" if target is None or pd.isna(target) else "paired"
    if target != row["path"]:
        raise ParameterError(
            f"{row['image_id']!r} is the {region} half of a file without its partner beside it, "
            "which a manifest cannot say; cut the halves into files of their own"
        )
    return str(region)
