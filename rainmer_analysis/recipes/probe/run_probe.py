"""Encoders, controls, simulated designs and real sets to one document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.probing import Design, render_or_load_design
from rainmer_analysis.recipes.probe.measure_encoders import ProbeInputs, measure_controls
from rainmer_analysis.recipes.probe.probe_documents import VERSION, space_document
from rainmer_analysis.recipes.probe.probed_encoders import (
    ProbedEncoder,
    control_groups_and_names,
    load_probed_encoders,
)
from rainmer_analysis.recipes.probe.real_sets import RealImages, RealSets, load_real_images
from rainmer_analysis.values import (
    checked_suffix,
    digest,
    library_versions,
    read_json,
    to_json_types,
    up_to_date_or_refuse,
    with_checksum,
    write_json,
)

__all__ = ["Probe", "probe"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Probe:
    """What encoders know, as a document, and whether its file held it already.

    Parameters
    ----------
    document
        ``kind``, ``space``, ``variance``, ``neighbours``, ``ladders``, ``dimension`` and
        ``controls`` of the first space, and under ``spaces`` such a document for every space.
    up_to_date
        Whether the identical request had left its file.
    """

    document: Mapping[str, Any]
    up_to_date: bool = False

    @property
    def spaces(self) -> tuple[Mapping[str, Any], ...]:
        """The document of each space, encoder by encoder."""
        return tuple(self.document["spaces"])


def probe(
    encoder: str | Sequence[str] = "rainmer",
    *,
    weights: str | Path | Sequence[str | Path] | None = None,
    design: Design | None = None,
    controls: int = 20,
    real: RealSets | str | Path | None = None,
    out: str | Path | None = None,
    cache: str | Path | None = None,
    device: str = "auto",
    precision: str = "exact",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Probe:
    """Measure what embedding spaces know of scenes, of weather, and of how much of it there is.

    Parameters
    ----------
    encoder, weights
        One encoder or several, side by side; one may come with several weights.
    design
        Simulated scenes, weather and ladders; by default ``Design()``, on scenes that no shipped
        encoder was trained on.
    controls
        Untrained networks that stand beside it, seeds from 0; 0 for none. Hand-made statistics
        and AirNet's shipped encoder always do.
    real
        Manifest of real sets; `RealSets` says which datasets play which part.
    out
        ``FILE.json``; None writes nothing.
    cache
        Folder for rendered images and for numbers by encoder, so that an interrupted probe goes
        on and controls are measured once; ``probe-cache`` beside `out` by default.
    device, precision
        As in `load_encoder`, for controls too.
    overwrite
        Whether another file at `out` may be replaced.
    progress
        Called with finished and all images of an encoder.

    Raises
    ------
    RainmerAnalysisError
        An encoder, the manifest or a parameter cannot be used; see `errors`.
    OutputExistsError
        Something else lies at `out`.

    Examples
    --------
    >>> probe("statistics", controls=0).document["variance"]  # doctest: +SKIP
    """
    target = None if out is None else Path(out)
    if target is not None:
        checked_suffix(target, "a probe", ".json")
    folder = _cache_folder(target, cache)
    listed = control_groups_and_names(controls)
    load = {"device": device, "precision": precision}
    subjects = load_probed_encoders(encoder, weights, **load)
    sets = RealSets(real) if isinstance(real, str | Path) else real
    chosen = design or Design()
    found_real = None if sets is None else load_real_images(sets, seed=chosen.seed)
    request = _probe_request_digest(subjects, listed, chosen, found_real, precision)
    if target is not None and up_to_date_or_refuse(target, request, overwrite=overwrite):
        return Probe(with_checksum(read_json(target)), up_to_date=True)
    images = render_or_load_design(chosen, folder, progress=progress)
    inputs = ProbeInputs(images, found_real, folder, progress)
    taken = [(subject, inputs.measure_encoder(subject)) for subject in subjects]
    beside = measure_controls(listed, inputs, load)
    spaces = [
        space_document(subject, view, parts, beside=beside, rule=chosen.resize_rule)
        for subject, parts in taken
        for view in subject.encoder.views
    ]
    document = {
        **spaces[0],
        "design": inputs.design_document(),
        "spaces": spaces,
        "request": request,
        "libraries": library_versions(),
    }
    whole = with_checksum(to_json_types(document))
    if target is not None:
        write_json(target, whole)
    return Probe(whole)


def _cache_folder(target: Path | None, cache: str | Path | None) -> Path | None:
    if cache is not None:
        return Path(cache)
    return None if target is None else target.parent / "probe-cache"


def _probe_request_digest(
    subjects: Sequence[ProbedEncoder],
    listed: Sequence[tuple[str, str]],
    design: Design,
    real: RealImages | None,
    precision: str,
) -> str:
    return digest(
        [
            "probe",
            VERSION,
            [[each.label, *each.identity] for each in subjects],
            [name for _, name in listed],
            design.sha256,
            None if real is None else real.sha256,
            precision,
        ]
    )
