"""Which images a command draws or has drawn, as a manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rainmer_analysis.errors import FileFormatError, ParameterError
from rainmer_analysis.images import load_image_set
from rainmer_analysis.images.datasets.manifest_text import demand_manifest_suffix
from rainmer_analysis.recipes.properties.subsets.subset_manifests import (
    images_manifest_and_scenes_texts,
    write_manifest_and_scenes_once,
)
from rainmer_analysis.values import EmbeddingTable, PropertyTable, Rows, SphereMap, read

__all__ = ["write_sample_manifest_once"]


def write_sample_manifest_once(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    root: str | Path | None = None,
    per_dataset: int | None = None,
    seed: int = 42,
    overwrite: bool = False,
) -> tuple[Rows, bool]:
    """Write the images that a command draws from sources, or those of files that one wrote.

    Sources, `root`, `per_dataset` and `seed` draw the same images as for `extract`, by default all;
    ``.parquet`` files of embeddings, maps or properties have been drawn already. Returns the rows
    of the images, and whether the manifest (``.toml``, a source for every command) was there
    already.

    Raises
    ------
    SourceError, FileFormatError
        A source cannot be used, or a file holds no images.
    ParameterError
        The name does not end in ``.toml``, or files are given with a number to draw.
    OutputExistsError
        Something else lies at `out`.
    """
    path = Path(out)
    demand_manifest_suffix(path)
    files = [each for each in sources if Path(each).suffix.lower() == ".parquet"]
    if files and (len(files) < len(sources) or per_dataset is not None):
        raise ParameterError(
            "a file's images have been drawn already; give files alone, without --per-dataset"
        )
    if files:
        rows, remark = (
            _rows_of_files(files),
            f"images of {', '.join(Path(each).name for each in files)}",
        )
    else:
        given = [str(each) for each in sources]
        rows = load_image_set(given, root=root, per_dataset=per_dataset, seed=seed).rows
        number = "all" if per_dataset is None else f"at most {per_dataset} a dataset"
        remark = f"{number} images, seed {seed}"
    text, scenes = images_manifest_and_scenes_texts(
        rows, path, [f"{len(rows):,} images: {remark}."], suffix=""
    )
    return rows, write_manifest_and_scenes_once(path, text, scenes, overwrite=overwrite)


def _rows_of_files(files: Sequence[str | Path]) -> Rows:
    frames = []
    for each in files:
        found = read(each)
        if not isinstance(found, EmbeddingTable | PropertyTable | SphereMap):
            raise FileFormatError(
                f"{each} holds no images; give a table, a map or properties that a command wrote"
            )
        frames.append(found.rows.frame)
    joined = pd.concat(frames, ignore_index=True)
    return Rows(joined.drop_duplicates("image_id", ignore_index=True))
