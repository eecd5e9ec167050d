"""Which pairs a configuration trains on: simulated, of photographs, and read from files."""

from __future__ import annotations

import csv
import dataclasses
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rainmer_analysis.errors import ConfigError, ImageError, SourceError
from rainmer_analysis.images import (
    Region,
    file_sha256,
    find_datasets,
    iterate_candidate_paths,
    read_header,
    sample_datasets,
)
from rainmer_analysis.train import DataConfig, TrainConfig
from rainmer_analysis.values import array_digest, digest
from rainmer_analysis.weather import RECIPES, scene_of_pair, simulate

__all__ = [
    "PairJob",
    "Photograph",
    "demand_recipe_names",
    "find_photographs",
    "pairs_digest",
    "recipe_digest",
    "training_pair_jobs",
]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class PairJob:
    """One pair to make: simulated (no files), of a photograph (one), or read (two)."""

    dataset: str
    scene: str
    key: str
    index: int
    files: tuple[str, ...] = ()
    dark: bool = False
    regions: tuple[Region, Region] = ("whole", "whole")

    def weather_seed(self, seed: int) -> int:
        """Return the seed of the weather that falls on its photograph."""
        return int(digest([self.key, self.dataset, self.index, seed])[:12], 16)

    def identity(self) -> dict[str, object]:
        """Return what decides the pair: the bytes of its files, and regions that are not whole."""
        hashes = tuple(file_sha256(file) for file in self.files)
        fields = dict(vars(dataclasses.replace(self, files=hashes)))
        if set(self.regions) == {"whole"}:
            del fields["regions"]
        return fields


@dataclass(frozen=True)
class Photograph:
    """A clean scene: its name, and the file of its photograph (none where it is simulated)."""

    scene: str
    file: str


def find_photographs(data: DataConfig, folders: Iterable[str]) -> list[Photograph]:
    """Find the photographs in folders below `data.real`; none where that is empty.

    Raises
    ------
    SourceError
        A folder does not exist or holds no images.
    """
    if not data.real:
        return []
    root = Path(data.real)
    found = _sorted_image_files(root, folders)
    return [Photograph(_photograph_scene(file.relative_to(root)), str(file)) for file in found]


def demand_recipe_names(names: Iterable[str], key: str, *, beside: Collection[str] = ()) -> None:
    """Make sure that a key of the configuration names recipes of weather alone.

    Raises
    ------
    ConfigError
        A name is that of no recipe, nor one that may stand `beside` them.
    """
    known = (*beside, *RECIPES)
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise ConfigError(f"{key} names {unknown!r}; choose from {', '.join(known)}")


def pairs_digest(config: TrainConfig, jobs: Sequence[PairJob]) -> str:
    """Digest all that decides the images of jobs."""
    data = config.data
    weather = {name: recipe_digest(name) for name in data.simulated}
    size = [data.height, data.width, data.native, data.seed]
    return digest({"jobs": [job.identity() for job in jobs], "size": size, "weather": weather})


def recipe_digest(name: str) -> str:
    """Return a digest that changes when the recipe, or the code that draws it, does."""
    pair = simulate(name, 0, split="train", size=(32, 48), seed=42)
    return array_digest(pair.rainy, pair.clean)


def training_pair_jobs(config: TrainConfig) -> Iterator[PairJob]:
    """Return the pairs of a configuration, simulated ones first, always in one order.

    Raises
    ------
    ConfigError
        A simulated dataset is none.
    SourceError
        A folder that the configuration names does not exist or holds nothing that can be used.
    """
    data = config.data
    demand_recipe_names(data.simulated, "data.simulated")
    for name in data.simulated:
        for index in range(data.per_dataset):
            scene = scene_of_pair(name, index, split="train", seed=data.seed)
            yield PairJob(name, scene, f"{name}/{index}", index)
    if data.real:
        yield from _photograph_and_folder_pair_jobs(data, Path(data.real))
    if data.sources:
        yield from _source_pair_jobs(data)


def _source_pair_jobs(data: DataConfig) -> Iterator[PairJob]:
    datasets = find_datasets(list(data.sources), root=data.root or None)
    found = sample_datasets(datasets, per_dataset=data.per_source or None, seed=data.seed)
    columns = ("image_id", "dataset", "group", "path", "region", "target", "target_region")
    used, left_out = Counter[str](), Counter[str]()
    for row in zip(*(found.rows.column(name) for name in columns), strict=True):
        image_id, dataset, group, path, region, target, target_region = row
        regions = (region, target_region)
        if _is_usable_pair_or_warn(image_id, (path, target), regions):
            used[dataset] += 1
            yield PairJob(dataset, group, image_id, 0, (path, target), regions=regions)
        else:
            left_out[dataset] += 1
    for each in datasets:
        numbers = {"used": used[each.name], "left_out": left_out[each.name]}
        not_drawn = len(each.images) - sum(numbers.values())
        _LOG.info("%s", each.account.sentence(each.name, **numbers, not_drawn=not_drawn))
    if not used:
        raise SourceError(
            f"none of the {len(found)} images of data.sources can be trained on; "
            "see the reasons above"
        )


def _is_usable_pair_or_warn(
    key: str, pair: tuple[str, str | None], regions: tuple[Region, Region]
) -> bool:
    """Return whether a pair can be trained on, and warn if not."""
    fault = _pair_fault(pair, regions)
    if fault:
        _LOG.warning("left out %s: %s", key, fault)
    return not fault


def _pair_fault(pair: tuple[str, str | None], regions: tuple[Region, Region]) -> str:
    """Return why a pair cannot be trained on, as far as headers show; empty if it can."""
    path, target = pair
    if not target:
        return "it has no clean partner, without which nothing can be learnt from it"
    try:
        both = zip((path, target), regions, strict=True)
        headers = [read_header(file, region=part) for file, part in both]
    except ImageError as error:
        return str(error)
    sizes = [(header.height, header.width) for header in headers]
    if sizes[0] != sizes[1]:
        return f"its clean partner has {sizes[1]} pixels (height, width), not {sizes[0]}"
    return ""


def _photograph_and_folder_pair_jobs(data: DataConfig, root: Path) -> Iterator[PairJob]:
    for file in _sorted_image_files(root, data.photographs):
        for name in data.simulated:
            yield from _photograph_jobs(name, root, file, data.photograph_repeats)
    for file in _sorted_image_files(root, data.night):
        yield from _photograph_jobs(data.night_recipe, root, file, data.night_repeats, dark=True)
    scenes = _bsds_scene_of_inputs(root)
    for name, folder in data.pairs.items():
        for file in _sorted_image_files(root, [folder + "/input"]):
            relative = file.relative_to(root).as_posix()
            partner = root / folder / "target" / file.name
            scene = scenes.get(relative, f"{folder}/{file.stem}")
            job = PairJob(name, scene, relative, 0, (str(file), str(partner)))
            if _is_usable_pair_or_warn(relative, (str(file), str(partner)), job.regions):
                yield job


def _photograph_jobs(
    name: str, root: Path, file: Path, repeats: int, *, dark: bool = False
) -> Iterator[PairJob]:
    relative = file.relative_to(root)
    for index in range(repeats):
        key = f"{relative.as_posix()}/{name}/{index}"
        yield PairJob(name, _photograph_scene(relative), key, index, (str(file),), dark)


def _photograph_scene(file: Path) -> str:
    """Name the scene of a photograph; those of BSDS have one number in every dataset."""
    bsds = any(part.startswith("BSDS500") for part in file.parts)
    return f"bsds-{file.stem}" if bsds else file.as_posix()


def _bsds_scene_of_inputs(root: Path) -> dict[str, str]:
    """Read which pairs show photographs of BSDS, from PAIRS.csv where the folder has one."""
    table = root / "PAIRS.csv"
    if not table.exists():
        return {}
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["input"]: f"bsds-{row['bsds_id']}" for row in rows if row.get("bsds_id")}


def _sorted_image_files(root: Path, folders: Iterable[str]) -> Iterator[Path]:
    for folder in folders:
        place = root / folder
        found = sorted(path for path, _ in iterate_candidate_paths(place)) if place.is_dir() else []
        if not found:
            raise SourceError(
                f"no images lie in {place}, which the configuration names; "
                "correct data.real and the folders below it, or leave them out"
            )
        yield from found
