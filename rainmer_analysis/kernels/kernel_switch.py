"""Whether compiled loops do the work, or torch's operators."""

from __future__ import annotations

import os

import numba

from rainmer_analysis.errors import ParameterError

__all__ = ["KERNELS", "kernels_wanted"]

KERNELS = "RAINMER_KERNELS"
_CHOICES = ("numba", "torch")


def kernels_wanted() -> bool:
    """Return whether the package's own kernels do the inner loops on a CPU.

    The variable RAINMER_KERNELS chooses: ``numba`` (default) or ``torch``, whose operators take
    longer and give the same but for rounding. Where numba does not compile (NUMBA_DISABLE_JIT),
    torch's do it.

    Raises
    ------
    ParameterError
        The variable holds something else.
    """
    wanted = os.environ.get(KERNELS, "") or _CHOICES[0]
    if wanted not in _CHOICES:
        raise ParameterError(
            f"{KERNELS} is {wanted!r}; set it to {' or '.join(_CHOICES)}, or unset it"
        )
    return wanted == _CHOICES[0] and not numba.config.DISABLE_JIT
