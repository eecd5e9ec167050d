"""Encoders and controls, measured on the same simulated design and the same real sets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.probing import DesignImages
from rainmer_analysis.recipes.probe.probed_encoders import ProbedEncoder, load_control_encoder
from rainmer_analysis.recipes.probe.real_sets import RealImages
from rainmer_analysis.recipes.probe.real_sets_probe import probe_real_sets
from rainmer_analysis.recipes.probe.simulated_probe import RESAMPLES, probe_simulated_design

__all__ = ["ProbeInputs", "measure_controls"]

_log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class ProbeInputs:
    """What all encoders of one probe look at, and where numbers are kept."""

    images: DesignImages
    real: RealImages | None
    cache: Path | None
    progress: Progress | None

    def measure_encoder(self, subject: ProbedEncoder) -> dict[str, dict[str, Any]]:
        """Measure an encoder: per part (``simulated``, ``real``) and view a document."""
        options = {"progress": self.progress}
        found = {"simulated": probe_simulated_design(subject, self.images, self.cache, **options)}
        if self.real is not None:
            found["real"] = probe_real_sets(subject, self.real, self.cache)
        return found

    def design_document(self) -> dict[str, Any]:
        """Return what a file says of the design."""
        design, sha256 = asdict(self.images.design), self.images.sha256
        return {**design, "sha256": sha256, "resamples": RESAMPLES}


def measure_controls(
    listed: Sequence[tuple[str, str]], inputs: ProbeInputs, load: Mapping[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """Measure the controls of each group, one network at a time."""
    taken: dict[str, list[dict[str, Any]]] = {}
    for number, (group, name) in enumerate(listed):
        _log.info("control %d of %d: %s", number + 1, len(listed), name)
        found = inputs.measure_encoder(load_control_encoder(name, **load))
        taken.setdefault(group, []).append(found)
    return taken
