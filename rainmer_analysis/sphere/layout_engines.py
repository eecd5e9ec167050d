"""The engines that lay out, in one explicit order."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.sphere.layout_parameters import LayoutParameters
from rainmer_analysis.sphere.sphere_layout import sphere_layout

__all__ = ["DEFAULT_ENGINE", "ENGINES", "Engine", "engine_named"]

# (float64 unit rows (n, d) with n >= 4, Layout) -> float64 unit rows (n, 3), seeded
Engine = Callable[[npt.NDArray[np.float64], LayoutParameters], npt.NDArray[np.float64]]


def _umap_learn(unit: npt.NDArray[np.float64], layout: LayoutParameters) -> npt.NDArray[np.float64]:
    # importing umap-learn takes seconds, which no other engine need wait for
    module = importlib.import_module("rainmer_analysis.sphere.umap_layout")
    return np.asarray(module.umap_layout(unit, layout))


ENGINES: Mapping[str, Engine] = MappingProxyType(
    {"sphere": sphere_layout, "umap-learn": _umap_learn}
)
DEFAULT_ENGINE = "sphere"


def engine_named(name: str) -> Engine:
    """Return the engine of this name.

    Raises
    ------
    ParameterError
        There is none.
    """
    if name not in ENGINES:
        raise ParameterError(
            f"there is no engine {name!r}; use {' or '.join(repr(known) for known in ENGINES)}"
        )
    return ENGINES[name]
