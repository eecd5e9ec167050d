"""What all effects have in common: parameters that are drawn once, realisations without end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

import numpy as np

from rainmer_analysis.weather.fields_and_kernels import Field
from rainmer_analysis.weather.random_laws import draw_laws

__all__ = ["Effect"]


@dataclass(frozen=True)
class Effect(ABC):
    """One step of light or weather.

    A field holds a law or, after :meth:`draw`, the value drawn from it: how strong, how dense, of
    which angle, size and colour. Where each streak, flake, drop, lamp or grain of noise lies is no
    parameter: :meth:`apply` draws it anew.
    """

    def draw(self, rng: np.random.Generator) -> Self:
        """Return the effect with fixed parameters, drawn from its laws."""
        drawn: Self = draw_laws(self, rng)
        return drawn

    @abstractmethod
    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Return a realisation on ``image`` [3, H, W] in [0, 1] (which stays as it is).

        Raises
        ------
        ParameterError
            If a parameter is a law still.
        """
