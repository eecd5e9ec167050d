"""Train an encoder: images and weather make a pool, the pool and a configuration make weights."""

from __future__ import annotations

import csv
import dataclasses
import logging
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ConfigError, OutputExistsError, SourceError
from rainmer_analysis.images import file_sha256, read_image, resize
from rainmer_analysis.model.checkpoint import load_weights, save_weights
from rainmer_analysis.train import (
    AirNetObjective,
    DataConfig,
    Outcome,
    Pool,
    RainmerObjective,
    Sample,
    TrainConfig,
    as_levels,
    as_toml,
    build_pool,
    model_card,
    open_pool,
    read_config,
    train,
    window,
)
from rainmer_analysis.values.archive import write_atomically
from rainmer_analysis.values.request import array_digest, digest
from rainmer_analysis.weather import RECIPES, degrade, scene_of, simulate

__all__ = ["TrainingRun", "make_pool", "train_encoder", "training_scenes"]

_LOG = logging.getLogger(__name__)

_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff"}
_CONFIG, _WEIGHTS, _CARD, _LOGFILE = "config.toml", "weights.safetensors", "card.md", "log.csv"
_FILES = (_CONFIG, _WEIGHTS, _CARD, _LOGFILE, "checkpoint.pt", "checkpoint-previous.pt")
# Photographs larger than twice this are reduced first: weather is drawn at its usual scale.
_SHORT_SIDE = 256

Image = NDArray[np.float32]


@dataclass(frozen=True)
class TrainingRun:
    """What a run left: its folder, how far it came, the identity of its weights."""

    folder: Path
    outcome: Outcome
    weights_sha256: str


def train_encoder(
    kind: str,
    config: str | Path,
    out: str | Path,
    *,
    changes: Mapping[str, str] | None = None,
    real: str | Path | None = None,
    cache: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    workers: int = 2,
    progress: Callable[[int, int, Mapping[str, float]], None] | None = None,
) -> TrainingRun:
    """Train an encoder by a configuration.

    Parameters
    ----------
    kind
        ``"rainmer"`` or ``"airnet"``; has to be the configuration's.
    config
        TOML file or name of a shipped configuration.
    out
        Folder of the run: config.toml, log.csv, checkpoints, weights.safetensors, card.md.
    changes
        Dotted keys and values that replace the configuration's.
    real
        Folder of real photographs, in place of the configuration's ``data.real``.
    cache
        Folder that keeps pools of training images; by default ``pools`` beside `out`.
    resume
        Continue an unfinished run.
    overwrite
        Start again where a run already lies.
    workers
        Processes that make training images; 0 makes them in this one.
    progress
        Called after each step with step, number of steps and the last row of the log.

    Raises
    ------
    ConfigError, SourceError, OutputExistsError, TrainingError
        See their sentences.
    """
    replaced = dict(changes or {})
    if real is not None:
        replaced["data.real"] = as_toml_text(str(real))
    settings = read_config(config, changes=replaced)
    if settings.encoder != kind:
        raise ConfigError(
            f"the configuration trains {settings.encoder!r}, but {kind!r} was asked for; "
            "use the other command or another file"
        )
    folder = Path(out)
    _claim(folder, settings, resume=resume, overwrite=overwrite)
    pool = make_pool(settings, Path(cache) if cache else folder.parent / "pools", workers=workers)
    objective = (RainmerObjective if kind == "rainmer" else AirNetObjective)(settings, pool)
    identity = _identity(settings, pool, _start(objective, settings))

    def export(step: int) -> None:
        about = {"name": settings.name, "steps": str(step), "seed": str(settings.seed)}
        save_weights(
            objective.encoder, folder / _WEIGHTS, kind=kind, metadata=about, overwrite=True
        )

    outcome = train(
        objective,
        settings,
        folder,
        identity=identity,
        progress=None if progress is None else lambda n, row: progress(n, settings.run.steps, row),
        on_checkpoint=export,
    )
    if not (folder / _WEIGHTS).exists():
        export(outcome.step)
    sha256 = load_weights(folder / _WEIGHTS).sha256
    notes = {"Real photographs": settings.data.real or "none"}
    card = model_card(settings, pool, outcome, log=folder / _LOGFILE, sha256=sha256, notes=notes)
    _write(folder / _CARD, card)
    return TrainingRun(folder, outcome, sha256)


def as_toml_text(text: str) -> str:
    """Write a text as a TOML value."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _claim(folder: Path, config: TrainConfig, *, resume: bool, overwrite: bool) -> None:
    """Take a folder for this run, or refuse."""
    standing = [name for name in _FILES if (folder / name).exists()]
    if standing and overwrite and not resume:
        for name in standing:
            (folder / name).unlink()
        standing = []
    if standing and not resume:
        raise OutputExistsError(
            f"a run already lies in {folder}; add --resume to continue it, --overwrite to start "
            "again, or give another folder"
        )
    _write(folder / _CONFIG, as_toml(config))


def _start(objective: RainmerObjective | AirNetObjective, config: TrainConfig) -> str:
    """Put the weights to start from, if any, into both encoders; give their identity."""
    if not config.model.start:
        return ""
    weights = load_weights(config.model.start)
    own = getattr(config.model, config.encoder)
    if weights.kind != config.encoder or weights.config != own:
        raise ConfigError(
            f"model.start names weights of {weights.kind} with {weights.config}, but the "
            f"configuration trains {config.encoder} with {own}; give weights of the same network"
        )
    objective.module.query.load_state_dict(weights.state)
    objective.module.key.load_state_dict(weights.state)
    return weights.sha256


def _identity(config: TrainConfig, pool: Pool, start: str) -> str:
    """Digest what decides the weights of a run at a step; how long it lasts does not."""
    run: dict[str, int | str] = {"batch": config.run.batch, "precision": config.run.precision}
    if config.optimiser.schedule != "constant":
        run["steps"] = config.run.steps
    parts = {
        "encoder": config.encoder,
        "seed": config.seed,
        "model": {"width": config.model.width} | ({"start": start} if start else {}),
        "objective": config.objective,
        "optimiser": config.optimiser,
        "held_out": config.data.held_out,
        "pool": pool.digest,
        "run": run,
    }
    return digest(parts)


def _write(path: Path, text: str) -> None:
    write_atomically(path, lambda temporary: _put(temporary, text))


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class _Job:
    """One pair to make: simulated (no files), of a photograph (one), or read (two)."""

    dataset: str
    scene: str
    key: str
    index: int
    files: tuple[str, ...] = ()
    dark: bool = False


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
            "jobs": [dataclasses.replace(job, files=_hashes(job.files)) for job in jobs],
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
        yield from map(_sample, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        yield from executor.map(_sample, tasks, chunksize=16)


def _sample(task: _Task) -> Sample:
    job, size, native, seed = task
    degraded, clean = _pair(job, size, seed)
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
        return read_image(job.files[0]), read_image(job.files[1])
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
            yield _Job(name, scene, relative, 0, (str(file), str(partner)))


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
        files = sorted(
            file for file in (root / folder).rglob("*") if file.suffix.lower() in _SUFFIXES
        )
        if not files:
            raise SourceError(
                f"no images lie in {root / folder}, which the configuration names; "
                "correct data.real and the folders below it, or leave them out"
            )
        yield from files
