"""What an encoder knows of a simulated design, as a document per view."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rainmer_analysis.probing import DesignImages, Estimate, LadderProbe, SpaceProbe, probe_encoder
from rainmer_analysis.recipes.probe.probed_encoders import ProbedEncoder

__all__ = ["RESAMPLES", "probe_simulated_design"]

RESAMPLES = 1000
_METHOD = 1  # rises when the same vectors would give other numbers


def probe_simulated_design(
    subject: ProbedEncoder, images: DesignImages, cache: Path | None, **options: Any
) -> dict[str, Any]:
    """Return a document of each view on a design's images, from the folder `cache` if it is there.

    `options` may hold ``progress`` of `probe_encoder`.
    """

    def measure_views() -> dict[str, Any]:
        batch = int(getattr(subject.encoder, "preferred_batch", 16))
        found = probe_encoder(
            subject.encoder.encode, images, batch=max(batch, 8), resamples=RESAMPLES, **options
        )
        return {view: _simulated_space_document(each) for view, each in found.items()}

    identity = [_METHOD, images.sha256, RESAMPLES]
    return subject.cached_measurement(cache, "simulated", identity, measure_views)


def _simulated_space_document(found: SpaceProbe) -> dict[str, Any]:
    intervals = {name: [each.low, each.high] for name, each in found.variance.items()}
    return {
        "variance": {name: each.value for name, each in found.variance.items()},
        "intervals": {"variance": intervals},
        "ratio": _estimate_document(found.ratio),
        "neighbours": {name: asdict(each) for name, each in found.neighbours.items()},
        "ladders": {name: _ladder_document(each) for name, each in found.ladders.items()},
        "dimension": found.dimension,
    }


def _ladder_document(found: LadderProbe) -> dict[str, Any]:
    return {
        "rho": found.within.value,
        "low": found.within.low,
        "high": found.within.high,
        "across": _estimate_document(found.across),
        "share": _estimate_document(found.share),
        "positions": list(found.positions),
        "spread": list(found.spread),
    }


def _estimate_document(found: Estimate) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}
