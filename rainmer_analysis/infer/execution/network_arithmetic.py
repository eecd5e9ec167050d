"""The arithmetic of a network: what it computes in, whatever its caller has set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from operator import attrgetter
from threading import Lock
from typing import Any

import torch

from rainmer_analysis.kernels.kernel_switch import kernels_wanted
from rainmer_analysis.kernels.simd_vectors import BFLOAT16

__all__ = ["arithmetic_context", "arithmetic_name"]

# What torch may compute float32 products and convolutions in, by library and operator.
_OPERATORS = (
    "cuda.matmul",
    "cudnn.conv",
    "cudnn.rnn",
    "mkldnn.matmul",
    "mkldnn.conv",
    "mkldnn.rnn",
)
_FULL = "ieee"


class _ProcessPrecision:
    """Settings that torch has for the whole process, exchanged while any thread computes."""

    def __init__(self) -> None:
        self._lock, self._users = Lock(), 0
        self._before: list[str] = []
        self._dtype = torch.float32

    def __enter__(self) -> None:
        with self._lock:
            self._users += 1
            if self._users > 1:
                return
            self._dtype = torch.get_default_dtype()
            torch.set_default_dtype(torch.float32)
            self._before = [attrgetter(name)(torch.backends).fp32_precision for name in _OPERATORS]
            _set_precisions([_FULL] * len(_OPERATORS))

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                _set_precisions(self._before)
                torch.set_default_dtype(self._dtype)


def _set_precisions(precisions: list[str]) -> None:
    for name, precision in zip(_OPERATORS, precisions, strict=True):
        attrgetter(name)(torch.backends).fp32_precision = precision


_PROCESS = _ProcessPrecision()


@contextmanager
def arithmetic_context(device: torch.device, precision: str) -> Iterator[None]:
    """Compute as a network's precision says, whatever the caller has set.

    ``exact`` is float32 throughout, without TF32; ``fast`` is bfloat16 under autocast, and full
    float32 for what is left in it. A caller's autocast, precision of float32 products, default type
    and default device are as they were afterwards.
    """
    stack = ExitStack()
    with stack:
        stack.enter_context(_PROCESS)
        fast: dict[str, Any] = {"dtype": torch.bfloat16} if precision == "fast" else {}
        stack.enter_context(torch.autocast(device.type, enabled=bool(fast), **fast))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        yield


def arithmetic_name(device: torch.device, precision: str) -> str:
    """Name the arithmetic for the space of a network's vectors.

    ``exact`` vectors are the same on all processors to 1e-5. Sums of ``fast`` ones are rounded to
    bfloat16 wherever they leave an operator, so that vectors move in the third decimal with the
    order in which a processor adds: each kind is a space of its own.

    Returns
    -------
    ``exact``, ``fast-cuda``, ``fast-bf16`` (a CPU that multiplies pairs of bfloat16 by itself),
    ``fast-float32`` (one that adds in float32) or ``fast-torch`` (without the package's kernels).
    """
    if precision != "fast":
        return precision
    if device.type != "cpu":
        return f"fast-{device.type}"
    if not kernels_wanted():
        return "fast-torch"
    return "fast-bf16" if BFLOAT16 else "fast-float32"
