"""What lays rows out on the sphere, by name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.sphere.sphere_layout import Engine, LayoutParameters, sphere_layout

__all__ = ["DEFAULT_ENGINE", "ENGINES", "engine_named"]


def _umap_learn_layout(
    unit: npt.NDArray[np.float64], layout: LayoutParameters
) -> npt.NDArray[np.float64]:
    # importing umap-learn takes seconds, which no other engine need wait for
    module = importlib.import_module("rainmer_analysis.sphere.umap_learn_layout")
    return np.asarray(module.umap_layout(unit, layout))


ENGINES: Mapping[str, Engine] = MappingProxyType(
    {"sphere": sphere_layout, "umap-learn": _umap_learn_layout}
)
DEFAULT_ENGINE = "sphere"


def engine_named(name: str) -> Engine:
    """Return the engine of this name.

    Raises ParameterError: there is none.
    """
    if name not in ENGINES:
        raise ParameterError(
            f"there is no engine {name!r}; use {' or '.join(repr(known) for known in ENGINES)}"
        )
    return ENGINES[name]
