"""A subset of one set in which properties lie as in other sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rainmer_analysis.recipes.properties.balance_candidates import (
    CandidateRows,
    read_candidates_and_references,
)
from rainmer_analysis.recipes.properties.balance_methods import (
    choose_balance_method,
    optimal_subset_rows,
)
from rainmer_analysis.recipes.properties.balance_result import (
    Balance,
    energy_distances_before_and_after,
    property_changes,
)
from rainmer_analysis.recipes.properties.density_strata import Stratum, choose_by_density_strata
from rainmer_analysis.recipes.properties.subsets.subset_manifests import (
    demand_manifest_suffix,
    images_manifest_and_scenes_texts,
    row_numbers_manifest_text,
    write_manifest_and_scenes_once,
)

__all__ = ["balance"]


def balance(
    properties: str | Path,
    like: str | Path | Sequence[str | Path],
    *,
    by: str | Sequence[str] = "density",
    method: str | None = None,
    size: int | None = None,
    out: str | Path | None = None,
    seed: int = 42,
    overwrite: bool = False,
) -> Balance:
    """Choose a subset of one set in which properties lie as in the mixture of other sets.

    Parameters
    ----------
    properties
        Of the set to choose from: a file that `describe` or `extract` wrote, or a ``.npy`` array
        of one column.
    like
        Properties of the sets to be like, each with the same weight.
    by
        Names of the properties; ``embedding`` for tables of embeddings.
    method
        ``paper``, the published rule of three strata for density, which fixes the size; or
        ``optimal``: with one property the subset with the least sum of distances to `size`
        quantiles of the mixture; with several the same for `size` points drawn from the sets, in
        units of the mixture's standard deviations, or for embeddings in those of their space (see
        `numerics.optimal_matching`). By default ``optimal`` if a size is given, else ``paper``.
    size
        How many rows to choose.
    out
        Manifest to write, ``.toml``: lists of images that every command reads, or the row numbers
        of an array. No image is moved or copied.
    seed
        Of draws.
    overwrite
        Whether another file may be replaced.

    Raises
    ------
    FileFormatError
        A file holds no properties.
    ParameterError
        The method, the size and the properties do not fit each other or the files.
    SpaceError
        Embeddings lie in different spaces.
    OutputExistsError
        Something else lies at `out`.
    """
    if out is not None:
        demand_manifest_suffix(Path(out))
    names = (by,) if isinstance(by, str) else tuple(by)
    chosen_method = choose_balance_method(method, size, names)
    own, others = read_candidates_and_references(properties, like, names)
    usable = own.usable_positions
    references = [each.values[each.usable_positions] for each in others]
    strata: tuple[Stratum, ...] = ()
    if chosen_method == "paper":
        ids = [own.ids[row] for row in usable]
        columns = [each[:, 0] for each in references]
        picked, strata = choose_by_density_strata(own.values[usable, 0], columns, ids, seed=seed)
    else:
        is_scaled = own.space is None
        picked = optimal_subset_rows(
            own.values[usable], references, size or 0, seed, scaled=is_scaled
        )
    rows = np.sort(usable[picked])
    states = own.values[usable], own.values[rows]
    has_space = own.space is not None
    found = Balance(
        own.name,
        chosen_method,
        rows,
        len(own.values),
        len(own.values) - len(usable),
        tuple((each.name, len(each.usable_positions)) for each in others),
        () if has_space else property_changes(names, *states, references),
        strata,
        energy_distances_before_and_after(*states, references) if has_space else None,
        None if own.rows is None else own.rows.take(rows),
    )
    return (
        found
        if out is None
        else _write_subset_manifest(found, own, Path(out), seed, overwrite=overwrite)
    )


def _write_subset_manifest(
    found: Balance, own: CandidateRows, out: Path, seed: int, *, overwrite: bool
) -> Balance:
    remarks = _manifest_remarks(found, seed)
    rows = found.rows.tolist()
    scenes = None
    if found.labels is None:
        remarks.append("Rows count from 0. They name no images: other commands cannot read them.")
        text = row_numbers_manifest_text(own.name, f"{own.name}.npy", rows, remarks)
    else:
        text, scenes = images_manifest_and_scenes_texts(found.labels, out, remarks)
    current = write_manifest_and_scenes_once(out, text, scenes, overwrite=overwrite)
    return replace(found, path=out, up_to_date=current)


def _manifest_remarks(found: Balance, seed: int) -> list[str]:
    like = ", ".join(name for name, _ in found.like)
    lines = [
        f"{len(found.rows):,} of {found.candidates:,} rows of {found.name}, chosen to be like "
        f"{like} by the method {found.method}, seed {seed}."
    ]
    lines += [
        f"{each.name}: Wasserstein-1 {each.wasserstein[0]:.4g} before, {each.wasserstein[1]:.4g} "
        f"after; Kolmogorov-Smirnov {each.ks[0]:.4f} before, {each.ks[1]:.4f} after."
        for each in found.changes
    ]
    if found.energy is not None:
        before, after = found.energy
        lines.append(f"Embeddings: energy distance {before:.4g} before, {after:.4g} after.")
    return [line.replace("\n", " ") for line in lines]
