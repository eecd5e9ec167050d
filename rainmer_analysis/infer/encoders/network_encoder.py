"""Encoders that are networks: Rainmer's, AirNet's, and Rainmer's with random weights."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rainmer_analysis.errors import ParameterError, WeightsError
from rainmer_analysis.images import DEFAULT_RULE
from rainmer_analysis.infer.encoders.arithmetic import arithmetic, arithmetic_name
from rainmer_analysis.infer.encoders.batches import by_image, thread_count
from rainmer_analysis.infer.encoders.cuda_graph import (
    CudaGraphRunner,
    EncodeFunction,
    capture_cuda_graph,
)
from rainmer_analysis.infer.encoders.encoder_contract import API_VERSION, Vectors, check_images
from rainmer_analysis.infer.encoders.fast_vs_exact import warn_without_bfloat16
from rainmer_analysis.infer.kernels import StripStages, WinogradAirNet, WinogradProjectors
from rainmer_analysis.kernels.kernel_switch import kernels_wanted
from rainmer_analysis.model import (
    AirNetEncoder,
    AirNetOutput,
    AirNetViews,
    FoldedEncoder,
    FoldedOutput,
    RainmerEncoder,
    build_encoder,
    load_weights,
    normalise_rows,
    state_sha256,
    without_norms,
)

__all__ = [
    "PRECISIONS",
    "SHIPPED",
    "NetworkEncoder",
    "choose_device",
    "load_network",
    "untrained_encoder",
    "weights_path",
]

PRECISIONS = ("exact", "fast")
SHIPPED = ("derain", "allweather")

_log = logging.getLogger(__name__)


def _rainmer_views(output: FoldedOutput) -> dict[str, Tensor]:
    return {"chromatic": output.chromatic_z, "degradation": output.degradation_z}


def _airnet_views(output: AirNetOutput | AirNetViews) -> dict[str, Tensor]:
    return {
        "degradation": normalise_rows(output.out),
        "degradation-fea": normalise_rows(output.fea),
    }


_VIEWS: Mapping[str, Callable[[Any], dict[str, Tensor]]] = {
    "rainmer": _rainmer_views,
    "airnet": _airnet_views,
}


@dataclass(frozen=True, eq=False)
class NetworkEncoder:
    """A network in evaluation mode that answers with unit vectors; see `contract.Encoder`.

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
    _module: nn.Module
    _answers: EncodeFunction
    preprocessing: str = DEFAULT_RULE
    api_version: int = API_VERSION

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the network as it was loaded; its form for a device is made anew."""
        return _as_encoder, (
            self.name,
            self._module,
            (self.sha256, str(self.device), self.precision),
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

        On a CPU so many images are encoded at once as there are threads: as many as PyTorch has
        (``torch.set_num_threads``) unless `threads` says another number.
        """
        pixels = check_images(images)
        count = thread_count(threads, len(pixels))
        if not len(pixels):
            return {view: np.zeros((0, dim), np.float32) for view, dim in self.views.items()}
        if self.concurrent and count > 1:
            found = by_image(self._encoded, pixels, count)
        else:
            found = self._encoded(pixels)
        return {view: rows.numpy() for view, rows in found.items()}

    def _encoded(self, pixels: Tensor) -> dict[str, Tensor]:
        with torch.inference_mode(), arithmetic(self.device, self.precision):
            placed = pixels.to(self.device).contiguous(memory_format=torch.channels_last)
            return {view: rows.float().cpu() for view, rows in self._answers(placed).items()}


def choose_device(wanted: str) -> torch.device:
    """Turn a device's name into a device that is there.

    Parameters
    ----------
    wanted
        ``auto`` (a CUDA device where there is one, else the CPU; which one it is goes to the log),
        ``cpu``, ``cuda`` or ``cuda:N``.

    Raises
    ------
    ParameterError
        The name is unknown, or that device is not there.
    """
    if wanted == "auto":
        chosen = "cuda" if torch.cuda.is_available() else "cpu"
        reason = "" if chosen == "cuda" else " (no CUDA device was found)"
        _log.info("device: %s%s", chosen, reason)
        return torch.device(chosen)
    kind, _, number = wanted.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdecimal()):
        raise ParameterError(
            f"unknown device {wanted!r}; allowed are auto, cpu, cuda and cuda:N with a number N"
        )
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise ParameterError(
            f"the device {wanted} was asked for, but this machine offers "
            f"{torch.cuda.device_count()} CUDA device(s) to torch {torch.__version__}; "
            "use auto or cpu"
        )
    return torch.device(wanted)


def weights_path(encoder: str, weights: str | Path | None) -> Path:
    """Find the file of weights for ``rainmer`` or ``airnet``.

    Parameters
    ----------
    encoder
        Name of the encoder.
    weights
        A file, or the name of shipped weights (``derain``, ``allweather``); None means ``derain``.

    Raises
    ------
    WeightsError
        There is no such file.
    """
    name = SHIPPED[0] if weights is None else str(weights)
    if name in SHIPPED:
        shipped = resources.files("rainmer_analysis") / "weights" / f"{encoder}-{name}.safetensors"
        path = Path(str(shipped))
        if not path.is_file():
            raise WeightsError(
                f"this installation does not carry the shipped weights {path.name}; "
                "install it anew or give a file of weights"
            )
        return path
    path = Path(name)
    if not path.is_file():
        raise WeightsError(
            f"there is no file of weights {name!r}; give a .safetensors or .pth file or one of the "
            f"names {', '.join(SHIPPED)}"
        )
    return path


def load_network(
    name: str, weights: str | Path | None, *, device: str, precision: str
) -> NetworkEncoder:
    """Load ``rainmer`` or ``airnet`` with weights from a file or by their shipped name.

    Raises
    ------
    WeightsError
        The file is missing or damaged, or holds another network.
    """
    path = weights_path(name, weights)
    checkpoint = load_weights(path)
    if checkpoint.kind != name:
        raise WeightsError(
            f"{path.name} holds the weights of {checkpoint.kind}, but the encoder {name} was asked "
            f"for; use --encoder {checkpoint.kind} or other weights"
        )
    module = build_encoder(checkpoint)
    return _as_encoder(name, module, (checkpoint.sha256, device, precision))


def untrained_encoder(seed: int, *, device: str, precision: str) -> NetworkEncoder:
    """Make Rainmer's encoder with PyTorch's default initialisation after ``manual_seed(seed)``.

    The process-wide random state is left as it was.
    """
    cpu = torch.device("cpu")
    with arithmetic(cpu, "exact"), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        module = RainmerEncoder()
    sha256 = state_sha256(module.state_dict())
    return _as_encoder(f"untrained:{seed}", module, (sha256, device, precision))


def _as_encoder(name: str, module: nn.Module, made: tuple[str, str, str]) -> NetworkEncoder:
    sha256, device_name, precision = made
    views = _VIEWS["airnet" if name == "airnet" else "rainmer"]
    device = choose_device(device_name)
    if precision == "fast":
        warn_without_bfloat16(device)
    config: Any = module.config
    with arithmetic(device, "exact"):
        prepared = _prepare_for_device(module.eval().requires_grad_(False), device, precision)

    def answers(images: Tensor) -> dict[str, Tensor]:
        return views(prepared(images))

    with torch.inference_mode(), arithmetic(device, precision):
        found = answers(torch.zeros(1, 3, 16, 16, device=device))
    return NetworkEncoder(
        name=name,
        views={view: int(rows.shape[1]) for view, rows in found.items()},
        sha256=sha256,
        configuration=asdict(config),
        device=device,
        precision=precision,
        arithmetic=arithmetic_name(device, precision),
        _module=module,
        _answers=CudaGraphRunner(answers, capture_cuda_graph) if device.type == "cuda" else answers,
    )


def _prepare_for_device(module: nn.Module, device: torch.device, precision: str) -> nn.Module:
    """Put a network onto its device, in the form that is quickest there."""
    dtype = torch.bfloat16 if precision == "fast" else torch.float32
    own = device.type == "cpu" and kernels_wanted()
    if isinstance(module, RainmerEncoder):
        if own:
            stages = StripStages(module.MoEs.stages, dtype)
            towers = WinogradProjectors(module.projectors, dtype)
            module = FoldedEncoder(module, dtype=dtype, stages=stages, towers=towers)
        else:
            module = FoldedEncoder(module, dtype=dtype)
    elif isinstance(module, AirNetEncoder):
        module = WinogradAirNet(module, dtype) if own else without_norms(module)
    return module.to(device, memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]
