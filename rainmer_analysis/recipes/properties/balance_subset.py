"""A subset of one set in which properties lie as in other sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ParameterError, SpaceError
from rainmer_analysis.images import sample_ids
from rainmer_analysis.numerics import (
    energy_distance,
    equal_mixture,
    kolmogorov_smirnov,
    match_points,
    match_quantiles,
    wasserstein1,
    weighted_quantiles,
)
from rainmer_analysis.recipes.properties.candidates import Candidates, read_candidates
from rainmer_analysis.recipes.properties.density_strata import Stratum, choose_by_strata
from rainmer_analysis.recipes.properties.subsets.subset_manifests import (
    groups_path,
    images_manifest,
    rows_manifest,
)
from rainmer_analysis.recipes.text_files import holds_text, write_text_once
from rainmer_analysis.values import Rows, demand_suffix

__all__ = ["METHODS", "Balance", "Change", "balance"]

METHODS = ("paper", "optimal")
_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Change:
    """How one property lies before and after, and in the sets to be like.

    ``wasserstein`` (in the property's unit) and ``ks`` are distances to the mixture of the sets,
    each with the same weight, before and after; the others are mean, sd and the quantiles at 5,
    25, 50, 75 and 95 %.
    """

    name: str
    wasserstein: tuple[float, float]
    ks: tuple[float, float]
    before: tuple[float, ...]
    after: tuple[float, ...]
    like: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Balance:
    """A subset, and what it changed.

    Parameters
    ----------
    name
        Of the set that was chosen from.
    method
        ``paper`` or ``optimal``.
    rows
        Sorted positions of the chosen rows, from 0.
    candidates, undefined
        Rows of the set, and those of them that lack a property and cannot be chosen.
    like
        Names of the sets to be like and how many rows of each count.
    changes
        One a property.
    strata
        Of the published rule; else empty.
    energy
        Energy distances of embeddings to the mixture of the sets, before and after; else None.
    labels
        Of the chosen images; None for an array.
    path, up_to_date
        The manifest, and whether it was there already.
    """

    name: str
    method: str
    rows: NDArray[np.int64]
    candidates: int
    undefined: int
    like: tuple[tuple[str, int], ...]
    changes: tuple[Change, ...]
    strata: tuple[Stratum, ...] = ()
    energy: tuple[float, float] | None = None
    labels: Rows | None = None
    path: Path | None = None
    up_to_date: bool = False

    def document(self) -> dict[str, Any]:
        """Return the account as JSON types, without the rows, which the manifest lists."""
        keys = ("mean", "sd", "p5", "p25", "p50", "p75", "p95")
        return {
            "kind": "balance",
            "set": self.name,
            "method": self.method,
            "candidates": self.candidates,
            "undefined": self.undefined,
            "chosen": len(self.rows),
            "like": dict(self.like),
            "properties": {
                each.name: {
                    "wasserstein": dict(zip(("before", "after"), each.wasserstein, strict=True)),
                    "ks": dict(zip(("before", "after"), each.ks, strict=True)),
                    **{
                        state: dict(zip(keys, getattr(each, state), strict=True))
                        for state in ("before", "after", "like")
                    },
                }
                for each in self.changes
            },
            "strata": [vars(each) for each in self.strata],
            "energy": None
            if self.energy is None
            else dict(zip(("before", "after"), self.energy, strict=True)),
        }


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
    names = (by,) if isinstance(by, str) else tuple(by)
    chosen_method = _choose_method(method, size, names)
    own = read_candidates(properties, names)
    others = [read_candidates(each, names) for each in _reference_paths(like)]
    for each in (own, *others):
        if not len(each.usable):
            raise ParameterError(
                f"no row of {each.name} has all of {', '.join(names)}; describe pairs that have"
            )
        if each.space != own.space:
            raise SpaceError(
                f"{each.name} lies in another space than {own.name}; extract both by one encoder"
            )
    usable = own.usable
    references = [each.values[each.usable] for each in others]
    strata: tuple[Stratum, ...] = ()
    if chosen_method == "paper":
        ids = [own.ids[row] for row in usable]
        columns = [each[:, 0] for each in references]
        picked, strata = choose_by_strata(own.values[usable, 0], columns, ids, seed=seed)
    else:
        is_scaled = own.space is None
        picked = _optimal_subset(own.values[usable], references, size or 0, seed, scaled=is_scaled)
    rows = np.sort(usable[picked])
    states = own.values[usable], own.values[rows]
    has_space = own.space is not None
    found = Balance(
        own.name,
        chosen_method,
        rows,
        len(own.values),
        len(own.values) - len(usable),
        tuple((each.name, len(each.usable)) for each in others),
        () if has_space else _property_changes(names, *states, references),
        strata,
        _energies(*states, references) if has_space else None,
        None if own.rows is None else own.rows.take(rows),
    )
    return found if out is None else _write_subset(found, own, Path(out), seed, overwrite=overwrite)


def _reference_paths(like: str | Path | Sequence[str | Path]) -> list[str | Path]:
    found = [like] if isinstance(like, str | Path) else list(like)
    if not found:
        raise ParameterError("no set to be like was given; name the properties of at least one")
    return found


def _choose_method(method: str | None, size: int | None, names: Sequence[str]) -> str:
    found = method or ("paper" if size is None else "optimal")
    if found not in METHODS:
        raise ParameterError(f"unknown method {found!r}; allowed are {', '.join(METHODS)}")
    if not names or len(set(names)) < len(names):
        raise ParameterError(f"the properties are {list(names)}; name each once, and at least one")
    if found == "optimal" and (size is None or size < 1):
        raise ParameterError(
            f"the method optimal came with the size {size}; say how many rows to choose, from 1"
        )
    if found == "paper" and (size is not None or tuple(names) != ("density",)):
        what = f"the size {size}" if size is not None else f"the properties {', '.join(names)}"
        raise ParameterError(
            f"the published rule came with {what}; it is one of density and fixes the size itself: "
            "use the method optimal with a size"
        )
    return found


def _optimal_subset(
    values: NDArray[np.float64],
    references: list[NDArray[np.float64]],
    size: int,
    seed: int,
    *,
    scaled: bool,
) -> NDArray[np.int64]:
    if size > len(values):
        raise ParameterError(
            f"a subset of {size:,} rows was asked for, but {len(values):,} have all properties; "
            "ask for fewer"
        )
    mixture, weights = equal_mixture(references)
    if values.shape[1] == 1:
        levels = (np.arange(size) + 0.5) / size
        return match_quantiles(values[:, 0], weighted_quantiles(mixture[:, 0], weights, levels))
    mean = weights @ mixture
    sd = np.sqrt(weights @ (mixture - mean) ** 2)
    scale = np.where((sd > 0.0) & scaled, sd, 1.0)
    shares = [len(part) for part in np.array_split(np.arange(size), len(references))]
    drawn = [_draw_evenly(each, n, seed) for each, n in zip(references, shares, strict=True)]
    return match_points(values / scale, np.concatenate(drawn) / scale, seed=seed)


def _draw_evenly(values: NDArray[np.float64], size: int, seed: int) -> NDArray[np.float64]:
    """Draw rows evenly: each as often as it fits, and of the rest a sample."""
    times, rest = divmod(size, len(values))
    whole = np.repeat(np.arange(len(values)), times)
    ids = sample_ids(map(str, range(len(values))), rest, seed) if rest else []
    found: NDArray[np.float64] = values[np.concatenate([whole, np.array(ids, dtype=np.int64)])]
    return found


def _property_changes(
    names: Sequence[str],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    references: list[NDArray[np.float64]],
) -> tuple[Change, ...]:
    mixture, weights = equal_mixture(references)
    found = []
    for column, name in enumerate(names):
        target = mixture[:, column]
        pair = [each[:, column] for each in (before, after)]
        first, last = (wasserstein1(each, target, second_weights=weights) for each in pair)
        low, high = (kolmogorov_smirnov(each, target, second_weights=weights) for each in pair)
        own, chosen = (_weighted_moments(each, np.ones(len(each))) for each in pair)
        found.append(
            Change(
                name, (first, last), (low, high), own, chosen, _weighted_moments(target, weights)
            )
        )
    return tuple(found)


def _energies(
    before: NDArray[np.float64], after: NDArray[np.float64], references: list[NDArray[np.float64]]
) -> tuple[float, float]:
    mixture, weights = equal_mixture(references)
    first, last = (
        energy_distance(each, mixture, second_weights=weights) for each in (before, after)
    )
    return first, last


def _weighted_moments(
    values: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, ...]:
    shares = weights / weights.sum()
    mean = float(shares @ values)
    sd = float(np.sqrt(shares @ (values - mean) ** 2))
    return (mean, sd, *map(float, weighted_quantiles(values, shares, _LEVELS)))


def _write_subset(
    found: Balance, own: Candidates, out: Path, seed: int, *, overwrite: bool
) -> Balance:
    demand_suffix(out, "a manifest", ".toml")
    remarks = _manifest_remarks(found, seed)
    rows = found.rows.tolist()
    scenes = None
    if found.labels is None:
        remarks.append("Rows count from 0. They name no images: other commands cannot read them.")
        text = rows_manifest(own.name, f"{own.name}.npy", rows, remarks)
    else:
        text, scenes = images_manifest(found.labels, out, remarks)
    beside = groups_path(out)
    if scenes is not None:
        holds_text(out, text, overwrite=overwrite)  # neither is written where one cannot be
        write_text_once(beside, scenes, overwrite=overwrite)
    current = write_text_once(out, text, overwrite=overwrite)
    return replace(found, path=out, up_to_date=current)


def _manifest_remarks(found: Balance, seed: int) -> list[str]:
    like = ", ".join(name for name, _ in found.like)
    lines = [
        f"{len(found.rows):,} of {found.candidates:,} rows of {found.name}, chosen to be like "
        f"{like} by the method {found.method}, seed {seed}.",
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
