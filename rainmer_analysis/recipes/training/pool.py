"""Images and weather make a pool of training images, made once and opened afterwards."""

from __future__ import annotations

import csv
import dataclasses
import logging
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ConfigError, ImageError, SourceError
from rainmer_analysis.images import file_sha256, load, read_header, read_image, resize
from rainmer_analysis.images.places.folders import files
from rainmer_analysis.images.reading import Region
from rainmer_analysis.train import (
    DataConfig,
    Pool,
    Sample,
    TrainConfig,
    as_levels,
    build_pool,
    open_pool,
    window,
)
from rainmer_analysis.values import array_digest, digest
from rainmer_analysis.weather import RECIPES, degrade, scene_of, simulate

__all__ = ["make_pool", "training_scenes"]

_LOG = logging.getLogger(__name__)

# Photographs larger than twice this are reduced first: weather is drawn at its usual scale.
_SHORT_SIDE = 256

Image = NDArray[np.float32]


@dataclass(frozen=True)
class _Job:
    """One pair to make: simulated (no files), of a photograph (one), or read (two)."""

    dataset: str
    scene: str
    key: str
    index: int
    files: tuple[str, ...] = ()
    dark: bool = False
    regions: tuple[Region, Region] = ("whole", "whole")


def make_pool(config: TrainConfig, cache: Path, *, workers: int = 2) -> Pool:
    """Make the training images of a configuration, or open those that were made before.

    Parameters
    ----------
    config
        Its data section decides.
    cache
        Folder of pools.
    workers
        Processes; 0 works in this one.

    Raises
    ------
    SourceError
        The folder of real photographs, or one named below it, does not exist or is empty.
    """
    data = config.data
    unknown = [name for name in data.simulated if name not in RECIPES]
    if unknown:
        raise ConfigError(f"data.simulated names {unknown[0]!r}; choose from {', '.join(RECIPES)}")
    jobs = list(_jobs(config))
    own = digest(
        {
            "jobs": [_identity(job) for job in jobs],
            "size": [data.height, data.width, data.native, data.seed],
            "weather": {name: _weather_digest(name) for name in data.simulated},
        }
    )
    folder = cache / own[:16]
    if folder.exists():
        return open_pool(folder)
    _LOG.info("making %d training pairs in %s", len(jobs), folder)
    size = (data.height, data.width)
    tasks = [(job, size, data.native, data.seed) for job in jobs]
    return build_pool(_samples(tasks, workers), folder, count=len(jobs), digest=own)


def training_scenes(config: TrainConfig) -> tuple[str, ...]:
    """Name every scene that a configuration trains on, held-out ones included, sorted."""
    return tuple(sorted({job.scene for job in _jobs(config)}))


_Task = tuple[_Job, tuple[int, int], int, int]


def _samples(tasks: list[_Task], workers: int) -> Iterator[Sample]:
    if workers == 0:
        yield from _whole(map(_sample, tasks))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        yield from _whole(executor.map(_sample, tasks, chunksize=16))


def _whole(made: Iterable[Sample | str]) -> Iterator[Sample]:
    """Pass samples on, and tell what could not be made."""
    whole = 0
    for sample in made:
        if isinstance(sample, str):
            _LOG.warning("left out %s", sample)
        else:
            whole += 1
            yield sample
    if not whole:
        raise SourceError("none of the training images can be read; see the reasons above")


def _sample(task: _Task) -> Sample | str:
    """Make a pair, or say why it cannot be made."""
    job, size, native, seed = task
    try:
        degraded, clean = _pair(job, size, seed)
    except ImageError as error:
        return f"{job.key}: {error}"
    levels = as_levels(degraded), as_levels(clean)
    windows = window(levels, native, job.key)
    return Sample(
        job.dataset, job.scene, as_levels(resize(degraded)), as_levels(resize(clean)), *windows
    )


def _pair(job: _Job, size: tuple[int, int], seed: int) -> tuple[Image, Image]:
    if not job.files:
        made = simulate(job.dataset, job.index, split="train", size=size, seed=seed)
        return made.rainy, made.clean
    if len(job.files) == 2:
        first, second = (
            read_image(file, region=region)
            for file, region in zip(job.files, job.regions, strict=True)
        )
        return first, second
    clean = _reduced(read_image(job.files[0]))
    number = int(digest([job.key, job.dataset, job.index, seed])[:12], 16)
    if not job.dark:
        return degrade(clean, job.dataset, seed=number)
    # The photograph is of a night already: only the recipe's weather, not its light.
    rng = np.random.default_rng(number)
    image = clean.astype(np.float64)
    for effect in RECIPES[job.dataset].weather:
        image = effect.apply(image, rng)
    return np.clip(image, 0, 1).astype(np.float32), clean


def _reduced(image: Image) -> Image:
    """Average blocks of pixels of large photographs, so that the short side is 256 to 511."""
    factor = min(image.shape[1:]) // _SHORT_SIDE
    if factor < 2:
        return image
    height, width = (length // factor for length in image.shape[1:])
    blocks = image[:, : height * factor, : width * factor]
    blocks = blocks.reshape(3, height, factor, width, factor)
    reduced: Image = blocks.mean(axis=(2, 4)).astype(np.float32)
    return reduced


def _weather_digest(name: str) -> str:
    """Give a digest that changes when the recipe, or the code that draws it, does."""
    pair = simulate(name, 0, split="train", size=(32, 48), seed=42)
    return array_digest(pair.rainy, pair.clean)


def _identity(job: _Job) -> dict[str, object]:
    """Tell a job by the bytes of its files; whole files go without saying."""
    told = dict(vars(dataclasses.replace(job, files=_hashes(job.files))))
    if set(job.regions) == {"whole"}:
        del told["regions"]
    return told


def _hashes(files: Iterable[str]) -> tuple[str, ...]:
    return tuple(file_sha256(file) for file in files)


def _jobs(config: TrainConfig) -> Iterator[_Job]:
    data = config.data
    for name in data.simulated:
        for index in range(data.per_dataset):
            scene = scene_of(name, index, split="train", seed=data.seed)
            yield _Job(name, scene, f"{name}/{index}", index)
    if data.real:
        yield from _real_jobs(data, Path(data.real))
    if data.sources:
        yield from _source_jobs(data)


def _source_jobs(data: DataConfig) -> Iterator[_Job]:
    found = load(
        list(data.sources),
        root=data.root or None,
        per_dataset=data.per_source or None,
        seed=data.seed,
    )
    columns = ("image_id", "dataset", "group", "path", "region", "target", "target_region")
    left_out = 0
    for row in zip(*(found.rows.column(name) for name in columns), strict=True):
        image_id, dataset, group, path, region, target, target_region = row
        regions = (region, target_region)
        if _usable(image_id, (path, target), regions):
            yield _Job(dataset, group, image_id, 0, (path, target), regions=regions)
        else:
            left_out += 1
    if left_out == len(found):
        raise SourceError(
            f"none of the {left_out} images of data.sources can be trained on; "
            "see the reasons above"
        )


def _usable(key: str, pair: tuple[str, str | None], regions: tuple[Region, Region]) -> bool:
    """Tell whether a pair can be trained on, and warn if not."""
    fault = _fault(pair, regions)
    if fault:
        _LOG.warning("left out %s: %s", key, fault)
    return not fault


def _fault(pair: tuple[str, str | None], regions: tuple[Region, Region]) -> str:
    """Say why a pair cannot be trained on; empty if it can, as far as headers tell."""
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


def _real_jobs(data: DataConfig, root: Path) -> Iterator[_Job]:
    for file in _files(root, data.photographs):
        for name in data.simulated:
            yield from _photograph(name, root, file, data.photograph_repeats)
    for file in _files(root, data.night):
        yield from _photograph(data.night_recipe, root, file, data.night_repeats, dark=True)
    scenes = _known_scenes(root)
    for name, folder in data.pairs.items():
        for file in _files(root, [folder + "/input"]):
            relative = file.relative_to(root).as_posix()
            partner = root / folder / "target" / file.name
            scene = scenes.get(relative, f"{folder}/{file.stem}")
            job = _Job(name, scene, relative, 0, (str(file), str(partner)))
            if _usable(relative, (str(file), str(partner)), job.regions):
                yield job


def _photograph(
    name: str, root: Path, file: Path, repeats: int, *, dark: bool = False
) -> Iterator[_Job]:
    relative = file.relative_to(root)
    for index in range(repeats):
        key = f"{relative.as_posix()}/{name}/{index}"
        yield _Job(name, _photograph_scene(relative), key, index, (str(file),), dark)


def _photograph_scene(file: Path) -> str:
    """Name the scene of a photograph; those of BSDS have one number in every dataset."""
    bsds = any(part.startswith("BSDS500") for part in file.parts)
    return f"bsds-{file.stem}" if bsds else file.as_posix()


def _known_scenes(root: Path) -> dict[str, str]:
    """Read which pairs show photographs of BSDS, from PAIRS.csv where the folder has one."""
    table = root / "PAIRS.csv"
    if not table.exists():
        return {}
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["input"]: f"bsds-{row['bsds_id']}" for row in rows if row.get("bsds_id")}


def _files(root: Path, folders: Iterable[str]) -> Iterator[Path]:
    for folder in folders:
        place = root / folder
        found = sorted(path for path, _ in files(place)) if place.is_dir() else []
        if not found:
            raise SourceError(
                f"no images lie in {place}, which the configuration names; "
                "correct data.real and the folders below it, or leave them out"
            )
        yield from found
