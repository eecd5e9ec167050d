"""The images of a design, rendered once and kept in a file."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import unit_rows
from rainmer_analysis.probing.probe_design import Design, Levels, render_scene_images
from rainmer_analysis.values import write_atomically

__all__ = ["DesignImages", "Encode", "encode_design", "render_or_load_design"]

_log = logging.getLogger(__name__)
_BATCH = 64
Floats = npt.NDArray[np.float64]
# float32 images [n, 3, H, W] in [0, 1] -> vectors [n, d] of each view
Encode = Callable[[npt.NDArray[np.float32]], "dict[str, npt.NDArray[np.float32]]"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class DesignImages:
    """A design and its pixels.

    Parameters
    ----------
    design
        What was rendered.
    pixels
        uint8 array of shape (scenes, cells, 3, side, side), read-only.
    sha256
        Identity of the images, from the design.
    """

    design: Design
    pixels: Levels
    sha256: str


def render_or_load_design(
    design: Design, cache: str | Path | None = None, *, progress: Progress | None = None
) -> DesignImages:
    """Render a design's images, or read them where an earlier call left them.

    Parameters
    ----------
    design
        What to render.
    cache
        Folder for ``design-SHA256.npz``; None keeps nothing.
    progress
        Called with rendered scenes and their number.
    """
    sha256 = design.sha256
    path = None if cache is None else Path(cache) / f"design-{sha256[:16]}.npz"
    pixels = None if path is None else _read_cached_pixels(path, design)
    if pixels is None:
        pixels = np.empty((design.scenes, len(design.cells), 3, design.side, design.side), np.uint8)
        for number, scene in enumerate(design.scene_names):
            pixels[number] = render_scene_images(design, scene)
            if progress is not None:
                progress(number + 1, design.scenes)
        if path is not None:
            _write_pixels(path, pixels)
    pixels.flags.writeable = False
    return DesignImages(design, pixels, sha256)


def _read_cached_pixels(path: Path, design: Design) -> Levels | None:
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:  # a zip archive checks what it holds
            pixels = np.asarray(stored["pixels"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        _log.warning("%s is damaged (%s); its images are rendered anew", path, error)
        return None
    shape = (design.scenes, len(design.cells), 3, design.side, design.side)
    if pixels.shape != shape or pixels.dtype != np.uint8:
        _log.warning("%s holds other images than it says; they are rendered anew", path)
        return None
    return pixels


def _write_pixels(path: Path, pixels: Levels) -> None:
    def store(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, pixels=pixels)

    write_atomically(path, store)


def encode_design(
    encode: Encode,
    images: DesignImages,
    *,
    batch: int = _BATCH,
    progress: Progress | None = None,
) -> dict[str, Floats]:
    """Encode all images of a design.

    Raises ParameterError: `encode` gives something else than one vector per image.

    Parameters
    ----------
    encode
        float32 images [n, 3, H, W] in [0, 1] to vectors [n, d] of each view, of any positive
        length.
    images
        Rendered design.
    batch
        Images per call.
    progress
        Called with encoded images and their number.

    Returns
    -------
    Per view the unit vectors, float64, shape (scenes, cells, d).
    """
    flat = images.pixels.reshape(-1, *images.pixels.shape[2:])
    parts: dict[str, list[Floats]] = {}
    for start in range(0, len(flat), batch):
        given = flat[start : start + batch].astype(np.float32) / np.float32(255)
        for view, rows in encode(given).items():
            if np.shape(rows)[:1] != (len(given),):
                raise ParameterError(
                    f"the view {view!r} of an encoder gave the shape {np.shape(rows)} for "
                    f"{len(given)} images; it must give one vector per image"
                )
            parts.setdefault(view, []).append(unit_rows(rows))
        if progress is not None:
            progress(min(start + batch, len(flat)), len(flat))
    shape = images.pixels.shape[:2]
    return {view: np.concatenate(rows).reshape(*shape, -1) for view, rows in parts.items()}
