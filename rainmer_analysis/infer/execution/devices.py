"""Which device computes, in which precision, and what it is able to."""

from __future__ import annotations

import logging

import torch

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.kernels.kernel_switch import kernels_wanted
from rainmer_analysis.kernels.simd_vectors import BFLOAT16

__all__ = ["PRECISIONS", "choose_device", "uses_kernels", "warn_without_bfloat16"]

PRECISIONS = ("exact", "fast")

_log = logging.getLogger(__name__)


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


def uses_kernels(device: torch.device) -> bool:
    """Return whether the compiled kernels compute on a device: on a CPU, unless switched off."""
    return device.type == "cpu" and kernels_wanted()


def warn_without_bfloat16(device: torch.device) -> None:
    """Warn where the device has no instructions for bfloat16, or none that the kernels use."""
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = BFLOAT16
    if not able:
        _log.warning(
            "this processor has no instructions for bfloat16 that are used here: the precision "
            "fast gives the same vectors but may take longer than exact; choose exact unless you "
            "compare spaces"
        )
