"""Sketches as files: safetensors, with what made them in the metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from safetensors.numpy import save

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.scores.score import Floats
from rainmer_analysis.scores.streaming.scene_sums import SceneSums
from rainmer_analysis.scores.streaming.sketch import Sketch
from rainmer_analysis.values import (
    Space,
    array_digest,
    demand_known_version,
    digest,
    library_versions,
    to_json_types,
    verify_and_drop_checksum,
    with_checksum,
)

__all__ = ["SKETCH_VERSION", "read_sketch", "read_sketch_request_digest", "write_sketch"]

SKETCH_VERSION = 2
_KEY = "rainmer_analysis"
# four bytes a number are enough for 1e-6 of a score, and halve the file
_SINGLE = ("total",)


def write_sketch(sketch: Sketch, path: Path, request: str | None) -> None:
    """Write a sketch to `path`; not atomic by itself."""
    document = {
        "kind": "sketch",
        "version": SKETCH_VERSION,
        "space": asdict(sketch.space),
        "seed": sketch.seed,
        "resamples": sketch.resample_count,
        "datasets": [
            {"name": name, "count": sums.count, "scenes": sums.scenes}
            for name, sums in sketch.datasets.items()
        ],
        "made": dict(sketch.made),
        "libraries": library_versions(),
        "request": request,
    }
    # safetensors writes the memory of strided arrays as it lies
    tensors = {
        f"{number}/{field.name}": np.ascontiguousarray(
            getattr(sums, field.name), dtype="f4" if field.name in _SINGLE else "f8"
        )
        for number, sums in enumerate(sketch.datasets.values())
        for field in fields(SceneSums)[2:]
    }
    stated = to_json_types(document) | {"tensors": _tensors_digest(tensors)}
    text = json.dumps(with_checksum(stated), ensure_ascii=False, sort_keys=True)
    path.write_bytes(save(tensors, metadata={_KEY: text}))


def _tensors_digest(tensors: Mapping[str, np.ndarray[Any, Any]]) -> str:
    names = sorted(tensors)
    return digest([names, array_digest(*(tensors[name] for name in names))])


def read_sketch(path: Path) -> Sketch:
    """Read a sketch.

    Raises FileFormatError: the file is missing, of another kind, damaged, or written by a newer
    version.
    """
    document, tensors = _read_metadata_and_tensors(path)
    try:
        datasets = {
            str(each["name"]): _scene_sums_from(number, each, tensors)
            for number, each in enumerate(document["datasets"])
        }
        stated = document["space"]
        space = Space(**{field.name: str(stated[field.name]) for field in fields(Space)})
        sketch = Sketch(datasets, space, int(document["seed"]), document.get("made") or {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(f"{path} lacks part of a sketch; make it anew") from error
    if not sketch.datasets or not _is_consistent(sketch):
        raise FileFormatError(f"{path} contradicts itself; make the sketch anew")
    return sketch


def _is_consistent(sketch: Sketch) -> bool:
    named = [
        (field.name, getattr(sums, field.name))
        for sums in sketch.datasets.values()
        for field in fields(SceneSums)[2:]
    ]
    rows, width = next(iter(sketch.datasets.values())).total.shape
    shapes = {"total": (rows, width), "moments": (1, width)}
    return all(
        array.shape == shapes.get(name, (rows,)) and bool(np.isfinite(array).all())
        for name, array in named
    )


def _scene_sums_from(number: int, document: dict[str, Any], tensors: dict[str, Any]) -> SceneSums:
    arrays: dict[str, Floats] = {}
    for field in fields(SceneSums)[2:]:
        key = f"{number}/{field.name}"
        arrays[field.name] = tensors[key].astype(np.float64)
        if f"{key}/step" in tensors:  # version 1: whole numbers of steps, for resamples too
            arrays[field.name] = arrays[field.name][:1] * tensors[f"{key}/step"][:1]
    return SceneSums(int(document["count"]), int(document["scenes"]), **arrays)


def read_sketch_request_digest(path: Path) -> str | None:
    """Return the digest of the request that a sketch answers, or None where it holds none."""
    try:
        found = _read_metadata_and_tensors(path)[0].get("request")
    except (FileFormatError, OSError):
        return None
    return found if isinstance(found, str) else None


def _read_metadata_and_tensors(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    if not path.is_file():
        raise FileFormatError(f"there is no file {path}; give a table or a sketch")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            document = json.loads((file.metadata() or {}).get(_KEY, "null"))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, ValueError, RecursionError) as error:
        raise FileFormatError(
            f"{path} is no table of embeddings; give a table or a sketch that 'rainmer-analysis "
            "extract' or 'rainmer-analysis sketch' wrote"
        ) from error
    if not isinstance(document, dict) or document.get("kind") != "sketch":
        raise FileFormatError(
            f"{path} holds no sketch; give one that 'rainmer-analysis sketch' wrote"
        )
    demand_known_version(document, SKETCH_VERSION, path)
    document = verify_and_drop_checksum(document, path)
    if "tensors" in document and document["tensors"] != _tensors_digest(tensors):
        raise FileFormatError(f"{path} is damaged: its numbers are not those of its checksum")
    return document, tensors
