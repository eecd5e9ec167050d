"""Encoders that are networks: put onto a device in the form that is quickest there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rainmer_analysis.images import DEFAULT_RULE
from rainmer_analysis.infer.encoders.encoder_contract import (
    API_VERSION,
    Vectors,
    as_checked_images,
    refuse_encoder_argument,
)
from rainmer_analysis.infer.encoders.encoder_weights import read_encoder_weights
from rainmer_analysis.infer.execution import (
    CudaGraphRunner,
    EncodeFunction,
    arithmetic_context,
    arithmetic_name,
    capture_cuda_graph,
    choose_device,
    encode_by_image,
    thread_count,
    uses_kernels,
    warn_without_bfloat16,
)
from rainmer_analysis.model import build_encoder

__all__ = ["NetworkDescriptor", "NetworkEncoder", "build_network_encoder", "load_network_encoder"]


@dataclass(frozen=True)
class NetworkDescriptor:
    """What is particular to one network; its weights are described in `model`.

    Parameters
    ----------
    name
        Of the network, as files of weights call it.
    views
        Turns the network's output into unit rows by view.
    folded
        Returns the network in the form that PyTorch computes fastest, for a dtype.
    compiled
        Returns it with the compiled kernels of a CPU, for a dtype.
    """

    name: str
    views: Callable[[Any], Mapping[str, Tensor]]
    folded: Callable[[Any, torch.dtype], nn.Module]
    compiled: Callable[[Any, torch.dtype], nn.Module]


@dataclass(frozen=True, eq=False)
class NetworkEncoder:
    """A network in evaluation mode that answers with unit vectors; see `Encoder`.

    ``exact`` is float32 throughout (no TF32 on a GPU); ``fast`` has maps and convolutions in
    bfloat16: its vectors differ in the third decimal and lie in a space of their own, which
    ``arithmetic`` names with the kind of processor.
    """

    name: str
    views: Mapping[str, int]
    sha256: str
    configuration: Mapping[str, Any]
    device: torch.device
    precision: str
    arithmetic: str
    _descriptor: NetworkDescriptor
    _module: nn.Module
    _answers: EncodeFunction
    preprocessing: str = DEFAULT_RULE
    api_version: int = API_VERSION

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the network as it was loaded; its form for a device is made anew."""
        return build_network_encoder, (
            self._descriptor,
            self._module,
            (self.name, self.sha256, str(self.device), self.precision),
        )

    @property
    def preferred_batch(self) -> int:
        """Images per pass where nobody asks for another number: on a CPU one is fastest."""
        return 64 if self.device.type == "cuda" else 1

    @property
    def concurrent(self) -> bool:
        """Whether `encode` gains from several threads that call it at once."""
        return self.device.type == "cpu"

    def encode(self, images: npt.ArrayLike | Tensor, *, threads: int | None = None) -> Vectors:
        """Encode float32 images [n, 3, H, W] in [0, 1] to unit rows [n, d], one array per view.

        On a CPU images are encoded one by one, so many at once as there are threads: as many as
        PyTorch has (``torch.set_num_threads``) unless `threads` says another number.
        """
        pixels = as_checked_images(images)
        count = thread_count(threads, len(pixels))
        if not len(pixels):
            return {view: np.zeros((0, dim), np.float32) for view, dim in self.views.items()}
        if self.concurrent and len(pixels) > 1:
            found = encode_by_image(self._encode_pixels, pixels, count)
        else:
            found = self._encode_pixels(pixels)
        return {view: rows.numpy() for view, rows in found.items()}

    def _encode_pixels(self, pixels: Tensor) -> dict[str, Tensor]:
        with torch.inference_mode(), arithmetic_context(self.device, self.precision):
            placed = pixels.to(self.device).contiguous(memory_format=torch.channels_last)
            return {view: rows.float().cpu() for view, rows in self._answers(placed).items()}


def load_network_encoder(
    descriptor: NetworkDescriptor,
    argument: str,
    weights: str | Path | None,
    *,
    device: str,
    precision: str,
) -> NetworkEncoder:
    """Load a network with weights from a file or by their shipped name; see `load_encoder`.

    Raises
    ------
    ParameterError
        An argument follows the name.
    WeightsError
        The file is missing or damaged, or holds another network.
    """
    refuse_encoder_argument(descriptor.name, argument)
    checkpoint = read_encoder_weights(descriptor.name, weights)
    made = descriptor.name, checkpoint.sha256, device, precision
    return build_network_encoder(descriptor, build_encoder(checkpoint), made)


def build_network_encoder(
    descriptor: NetworkDescriptor,
    module: nn.Module,
    name_sha256_device_precision: tuple[str, str, str, str],
) -> NetworkEncoder:
    """Return an encoder of a network with its weights.

    Parameters
    ----------
    descriptor
        What is particular to the network.
    module
        The network.
    name_sha256_device_precision
        The encoder's name, the SHA-256 of its weights, a device's name and a precision.
    """
    name, sha256, device_name, precision = name_sha256_device_precision
    device = choose_device(device_name)
    if precision == "fast":
        warn_without_bfloat16(device)
    config: Any = module.config
    with arithmetic_context(device, "exact"):
        prepared = _fastest_form_on_device(
            descriptor, module.eval().requires_grad_(False), device, precision
        )

    def encode_views(images: Tensor) -> dict[str, Tensor]:
        return dict(descriptor.views(prepared(images)))

    with torch.inference_mode(), arithmetic_context(device, precision):
        found = encode_views(torch.zeros(1, 3, 16, 16, device=device))
    return NetworkEncoder(
        name=name,
        views={view: int(rows.shape[1]) for view, rows in found.items()},
        sha256=sha256,
        configuration=asdict(config),
        device=device,
        precision=precision,
        arithmetic=arithmetic_name(device, precision),
        _descriptor=descriptor,
        _module=module,
        _answers=CudaGraphRunner(encode_views, capture_cuda_graph)
        if device.type == "cuda"
        else encode_views,
    )


def _fastest_form_on_device(
    descriptor: NetworkDescriptor, module: nn.Module, device: torch.device, precision: str
) -> nn.Module:
    """Put a network onto its device, in the form that is quickest there."""
    dtype = torch.bfloat16 if precision == "fast" else torch.float32
    form = (descriptor.compiled if uses_kernels(device) else descriptor.folded)(module, dtype)
    return form.to(device, memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]
