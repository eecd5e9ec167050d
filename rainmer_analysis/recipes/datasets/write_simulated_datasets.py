"""Write simulated datasets as folders of images, with a manifest that every command reads."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rainmer_analysis.errors import OutputExistsError, ParameterError
from rainmer_analysis.images import map_in_threads, write_png
from rainmer_analysis.recipes.write_text_files import csv_text
from rainmer_analysis.values import digest, write_text
from rainmer_analysis.weather import FIGURED, RECIPES, scene_of_pair, simulate

__all__ = ["SimulatedDatasets", "write_simulated_datasets"]

_REQUEST, _GROUPS, _MANIFEST = "simulated.json", "groups.csv", "simulated.toml"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SimulatedDatasets:
    """What lies in ``out`` now: its manifest, and how many pairs had to be made for it."""

    out: Path
    manifest: Path
    pairs: int
    made: int

    @property
    def up_to_date(self) -> bool:
        """Return whether everything had been there."""
        return self.made == 0


def write_simulated_datasets(
    out: str | Path,
    names: Sequence[str] | None = None,
    *,
    per_dataset: int = 120,
    size: tuple[int, int] = (256, 256),
    seed: int = 42,
    split: str = "figure",
    overwrite: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> SimulatedDatasets:
    """Write datasets to ``OUT/<name>/input`` and ``OUT/<name>/target`` with a manifest.

    The manifest ``OUT/simulated.toml`` names the folders and the scenes in ``OUT/groups.csv``;
    it is written last. What an identical request has left there stays, what is missing is added.

    Parameters
    ----------
    out
        Folder for the datasets; other files in it are left alone.
    names
        Recipes; all of them by default.
    per_dataset
        Pairs of each dataset.
    size
        Height and width in pixels, from 16.
    seed, split
        Seed of the datasets; ``"figure"`` or ``"train"`` scenes.
    overwrite
        Replace the simulated datasets of another request.
    workers
        Threads; the pixels do not depend on them.
    progress
        Called with pairs done and pairs to make.

    Raises
    ------
    ParameterError
        For an unknown or repeated recipe, or numbers out of range.
    OutputExistsError
        If something else already lies where the datasets should go.
    """
    chosen = _checked_recipe_names(FIGURED if names is None else tuple(names), per_dataset, size)
    folder = Path(out)
    request = _request_document(chosen, per_dataset=per_dataset, size=size, seed=seed, split=split)
    if not _clear_unless_same_request(folder, request, chosen, overwrite=overwrite):
        write_text(folder / _REQUEST, json.dumps(request, indent=1) + "\n")
    jobs = [(name, index) for name in chosen for index in range(per_dataset)]
    missing = [job for job in jobs if not all(path.is_file() for path in _pair_paths(folder, *job))]

    def write_pair(job: tuple[str, int]) -> None:
        pair = simulate(job[0], job[1], split=split, size=size, seed=seed)
        rainy, clean = _pair_paths(folder, *job)
        write_png(pair.clean, clean)
        write_png(pair.rainy, rainy)

    map_in_threads(write_pair, missing, workers=workers, progress=progress)
    _write_missing_manifest_and_groups(folder, jobs, seed=seed, split=split)
    return SimulatedDatasets(folder, folder / _MANIFEST, pairs=len(jobs), made=len(missing))


def _checked_recipe_names(
    names: tuple[str, ...], per_dataset: int, size: tuple[int, int]
) -> tuple[str, ...]:
    unknown = [name for name in names if name not in RECIPES]
    if unknown or not names:
        what = f"there is no recipe {unknown[0]!r}" if unknown else "no recipe was named"
        raise ParameterError(f"{what}; choose from {', '.join(RECIPES)}")
    if len(set(names)) < len(names):
        raise ParameterError(f"a recipe was named twice in {', '.join(names)}; name each once")
    if not 1 <= per_dataset <= 9999:
        raise ParameterError(f"{per_dataset} pairs of each dataset were asked for; give 1 to 9999")
    if min(size) < 16:
        raise ParameterError(f"the size {size[0]}x{size[1]} is too small; give sides from 16")
    return names


def _request_document(
    names: tuple[str, ...], *, per_dataset: int, size: tuple[int, int], seed: int, split: str
) -> dict[str, Any]:
    """Describe the request; ``probe`` changes with the pixels that the recipes give."""
    probe = hashlib.sha256()
    for name in names:
        for index in range(4):
            pair = simulate(name, index, split=split, size=(32, 32), seed=seed)
            probe.update(np.rint(pair.rainy * 255).astype(np.uint8).tobytes())
    asked = {
        "datasets": list(names),
        "per_dataset": per_dataset,
        "size": list(size),
        "seed": seed,
        "split": split,
        "probe": probe.hexdigest(),
    }
    return {"kind": "simulated", "version": 1, **asked, "request": digest(asked)}


def _clear_unless_same_request(
    folder: Path, request: Mapping[str, Any], names: Iterable[str], *, overwrite: bool
) -> bool:
    """Make room in ``folder``; True if it holds (a part of) what the identical request writes."""
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError(f"{folder} is a file; name a folder for the simulated datasets")
    found = _read_request_or_empty(folder / _REQUEST)
    if found.get("request") == request["request"]:
        return True
    listed = found.get("datasets", [])
    known = [name for name in listed if name in RECIPES] if isinstance(listed, list) else []
    places = [_REQUEST, _GROUPS, _MANIFEST, *dict.fromkeys([*names, *known])]
    taken = [folder / place for place in places if (folder / place).exists()]
    if taken and not overwrite:
        raise OutputExistsError(
            f"{taken[0]} already holds something else than this request writes; "
            "give another folder or allow --overwrite (overwrite=True in Python)"
        )
    for path in taken:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return False


def _read_request_or_empty(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _pair_paths(folder: Path, name: str, index: int) -> tuple[Path, Path]:
    file = f"{index + 1:04d}.png"
    return folder / name / "input" / file, folder / name / "target" / file


def _write_missing_manifest_and_groups(
    folder: Path, jobs: Sequence[tuple[str, int]], *, seed: int, split: str
) -> None:
    rows = []
    for name, index in jobs:
        scene = scene_of_pair(name, index, split=split, seed=seed)
        rows += [
            (path.relative_to(folder).as_posix(), scene)
            for path in _pair_paths(folder, name, index)
        ]

    names = dict.fromkeys(name for name, _ in jobs)
    tables = [
        f'[[dataset]]\nname = "{name}"\nimages = "{name}/input"\n'
        f'targets = "{name}/target"\ngroups = "{_GROUPS}"\n'
        for name in names
    ]
    text = "# Simulated datasets; the request that made them is in simulated.json.\n\n"
    text += "\n".join(tables)
    if not (folder / _GROUPS).is_file():
        write_text(folder / _GROUPS, csv_text(("image", "group"), rows))
    if not (folder / _MANIFEST).is_file():
        write_text(folder / _MANIFEST, text)
