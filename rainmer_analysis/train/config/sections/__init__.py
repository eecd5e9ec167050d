"""The sections of a configuration: fields with their defaults and what each may be."""

from __future__ import annotations

from rainmer_analysis.train.config.sections.checked_fields import choice_field, number_field
from rainmer_analysis.train.config.sections.crossed_section import CAMERA, CLEAR, CrossedConfig
from rainmer_analysis.train.config.sections.restoration_section import RestorationConfig
from rainmer_analysis.train.config.sections.shared_sections import (
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimiserConfig,
    RunConfig,
)

__all__ = [
    "CAMERA",
    "CLEAR",
    "CrossedConfig",
    "DataConfig",
    "ModelConfig",
    "ObjectiveConfig",
    "OptimiserConfig",
    "RestorationConfig",
    "RunConfig",
    "choice_field",
    "number_field",
]
