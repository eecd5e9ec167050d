"""Restorers: degraded images in, restored ones out, at any size and in bounded memory.

How this differs from the published test code, which leaves an image with one side of up to 512
pixels whole, however long the other is: an image stays whole up to a tile on both sides; sides
that are no multiples of 8 are continued and cropped for every variant, where the published code
does so for two other networks only; tiles overlap by 64 pixels and are blended smoothly, where
they met without overlap (``overlap=0`` gives seams too, and averages what still overlaps); and
the blended image is clamped, where each tile was. Attention weighs channels by statistics over
the whole tile, so that a tile's result is not quite that of the whole image. The prompts are
those of the whole image in both.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rainmer_analysis.errors import ParameterError, WeightsError
from rainmer_analysis.images import resize
from rainmer_analysis.infer.encoders.encoder_contract import as_checked_images
from rainmer_analysis.infer.execution import PRECISIONS, choose_device, uses_kernels
from rainmer_analysis.infer.kernels.restorer import BandThreads
from rainmer_analysis.infer.restorer_backends import CompiledBackend, RestorerBackend, TorchBackend
from rainmer_analysis.infer.tiles import TILE, Images, Tiling, process_in_strips, process_in_tiles
from rainmer_analysis.model import MULTIPLE, Restorer, build_restorer, load_restorer_checkpoint

__all__ = ["ImageRestorer", "load_restorer"]

_log = logging.getLogger(__name__)

SHIPPED = "derain"
_SIDE = 128  # of the images that prompts are taken from
_SMALL = 256 * 256  # pixels of images of which each thread does one by itself


@dataclass(frozen=True, eq=False)
class ImageRestorer:
    """A restorer in evaluation mode; made by `load_restorer`.

    Parameters
    ----------
    variant
        Which published variant it is.
    sha256
        Identity of the weights.
    configuration
        Widths and behaviour, the rule for ties among them.
    device
        Where it computes.
    threads
        Threads that it computes with on a CPU. Results do not depend on their number.
    precision
        What it computes in: ``exact``, or ``fast`` where that was asked for and the device gains.
    """

    variant: str
    sha256: str
    configuration: Mapping[str, Any]
    device: torch.device
    threads: int
    precision: str
    _module: Restorer = field(repr=False)
    _backend: RestorerBackend = field(repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the network as it was loaded; its backend for a device is made anew."""
        made = str(self.device), self.precision, self.threads
        return _restorer_on_device, (self._module, self.sha256, made)

    def restore(
        self,
        images: npt.ArrayLike | Tensor,
        prompts: npt.ArrayLike | Tensor | None = None,
        clamp: bool = True,
        *,
        tile: int = TILE,
        overlap: int | None = None,
    ) -> Images:
        """Restore images.

        Parameters
        ----------
        images
            float32 array or tensor [n, 3, H, W], RGB in [0, 1], of any height and width.
        prompts
            Images that the representations are taken from, float32 [n, 3, 128, 128]; by default
            the whole images under the resize rule of the analysis.
        clamp
            Whether the result is clamped to [0, 1].
        tile
            Longest side in pixels that is restored in one piece, a multiple of 8. Memory grows
            with its square and not with the image.
        overlap
            Pixels that neighbouring tiles share at least, a multiple of 8 up to half a tile; by
            default 64, or half of a smaller tile.

        Returns
        -------
        float32 array [n, 3, H, W].

        Raises
        ------
        ParameterError
            Images or prompts have another shape, type or range, or tiles cannot be so.
        """
        tiling = Tiling(tile, overlap, MULTIPLE)
        pixels = as_checked_images(images, taker="a restorer", least=1).cpu().numpy()
        wanted = None if prompts is None else _checked_prompt_images(prompts, len(pixels))
        known = [_prompt_image_of(image) for image in pixels] if wanted is None else list(wanted)
        out = np.empty_like(pixels)
        count = self._images_per_pass(pixels.shape[2:], tile)
        parts = [slice(start, start + count) for start in range(0, len(pixels), count)]

        def work(part: slice, backend: RestorerBackend) -> None:
            made = backend.encode_prompts(np.stack(known[part]))
            out[part] = process_in_tiles(
                pixels[part], lambda tiles: backend(tiles, made), tiling=tiling
            )

        small = pixels.shape[2] * pixels.shape[3] <= _SMALL
        self._backend.for_each(work, parts, in_parallel=small)
        return out.clip(0, 1, out=out) if clamp else out

    def restore_strips(
        self, image: Images, *, tile: int = TILE, overlap: int | None = None
    ) -> Iterator[tuple[slice, Images]]:
        """Restore one image from top to bottom, for images too large to be held twice.

        Parameters
        ----------
        image
            float32 [3, H, W], RGB in [0, 1].
        tile, overlap
            As for `restore`.

        Yields
        ------
        Which rows are finished, and their pixels, float32 [3, rows, W], clamped to [0, 1]: strip
        after strip, each as high as a row of tiles, what `restore` gives as a whole.

        Raises
        ------
        ParameterError
            As `restore`.
        """
        tiling = Tiling(tile, overlap, MULTIPLE)
        pixels = as_checked_images(image[None], taker="a restorer", least=1).cpu().numpy()
        made = self._backend.encode_prompts(_prompt_image_of(pixels[0])[None])
        for rows, strip in process_in_strips(
            pixels, lambda tiles: self._backend(tiles, made), tiling=tiling
        ):
            yield rows, strip[0].clip(0, 1)

    def _images_per_pass(self, sides: tuple[int, ...], tile: int) -> int:
        """Count the images of one pass: on a GPU as many as have a full tile's pixels."""
        height, width = (min(side, tile) for side in sides)
        return 1 if self.device.type == "cpu" else max(1, tile * tile // (height * width))


def load_restorer(
    weights: str | Path | None = None,
    variant: str | None = None,
    device: str = "auto",
    *,
    ties: str = "lowest",
    precision: str = "exact",
    threads: int | None = None,
) -> ImageRestorer:
    """Load a restorer.

    Parameters
    ----------
    weights
        A file of weights: safetensors of this package, or a published state dict. None or
        ``derain`` is for weights that ship with the package.
    variant
        Which published variant a state dict is, where its tensors fit several, as in
        ``Rainmer_SA_wolocf``; safetensors of this package say it themselves.
    device
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; what ``auto`` took goes to the log.
    ties
        ``lowest``: of equal attentions those at the lowest index win, on every device;
        ``published``: those that one ``torch.topk`` gives.
    precision
        ``exact`` (float32), or ``fast``: bfloat16 on a CUDA device. On a CPU the exact form is the
        faster one, and takes its place, which the log tells.
    threads
        Threads to compute with on a CPU; None for one on each core that this process may use.

    Returns
    -------
    An object with ``restore(images, prompts=None, clamp=True)``.

    Raises
    ------
    WeightsError
        Weights cannot be found or used, or their variant cannot be determined.
    ParameterError
        The variant, the device, the precision or the rule for ties is unknown, or there would be
        no thread.
    """
    checkpoint = load_restorer_checkpoint(
        _restorer_weights_path(weights), variant=variant, ties=ties
    )
    module = build_restorer(checkpoint).requires_grad_(requires_grad=False)
    sha256 = checkpoint.sha256
    del checkpoint  # before the weights are laid out once more
    return _restorer_on_device(module, sha256, (device, precision, threads))


def _restorer_on_device(
    module: Restorer, sha256: str, device_precision_threads: tuple[str, str, int | None]
) -> ImageRestorer:
    """Put a network onto its device, in the form that is quickest there."""
    device_name, precision, threads = device_precision_threads
    if precision not in PRECISIONS:
        raise ParameterError(
            f"unknown precision {precision!r}; allowed are {' and '.join(PRECISIONS)}"
        )
    place, crew = choose_device(device_name), BandThreads(threads)
    if precision == "fast" and place.type == "cpu":
        _log.info("restoring in float32: on a CPU bfloat16 is not faster")
        precision = "exact"
    # the compiled loops know no biases in a block's convolutions, which nothing published has
    own = uses_kernels(place) and not module.config.bias
    return ImageRestorer(
        variant=module.config.variant,
        sha256=sha256,
        configuration=asdict(module.config),
        device=place,
        threads=crew.count,
        precision=precision,
        _module=module,
        _backend=CompiledBackend(module, crew)
        if own
        else TorchBackend(module, place, crew, precision=precision),
    )


def _restorer_weights_path(weights: str | Path | None) -> Path:
    if weights is None or str(weights) == SHIPPED:
        shipped = (
            resources.files("rainmer_analysis") / "weights" / f"restorer-{SHIPPED}.safetensors"
        )
        path = Path(str(shipped))
        if not path.is_file():
            raise WeightsError(
                "this installation carries no weights of a restorer; give a file with weights= "
                "(--weights FILE): .safetensors from a training, or a published .pth"
            )
        return path
    path = Path(weights)
    if not path.is_file():
        raise WeightsError(
            f"there is no file of weights {str(weights)!r}; give a .safetensors or .pth file "
            "of a restorer"
        )
    return path


def _checked_prompt_images(prompts: npt.ArrayLike | Tensor, count: int) -> Images:
    pixels = as_checked_images(prompts, taker="the prompt of a restorer", least=_SIDE).cpu().numpy()
    if pixels.shape != (count, 3, _SIDE, _SIDE):
        raise ParameterError(
            f"{count} images were given prompts of shape {list(pixels.shape)}; "
            f"give [{count}, 3, {_SIDE}, {_SIDE}]: each image under the resize rule, or None"
        )
    found: Images = pixels
    return found


def _prompt_image_of(image: Images) -> Images:
    found: Images = resize(image)
    return found
