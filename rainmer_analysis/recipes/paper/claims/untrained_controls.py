"""Untrained networks as the control: what a claim's statistic is worth without any training."""

from __future__ import annotations

import json
import logging
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.recipes.extract_tables import extract
from rainmer_analysis.recipes.paper.claims.supplement_claims import CLAIMS, Claim, Tables
from rainmer_analysis.recipes.paper.corpora_and_requests import (
    CORPORA,
    FigureRequest,
    find_or_simulate_sources,
    rename_to_imitated_datasets,
)
from rainmer_analysis.values import (
    EmbeddingTable,
    digest,
    library_versions,
    read_json,
    up_to_date_or_refuse,
    write_json,
)

__all__ = ["CONTROL_SEEDS", "find_matching_controls", "read_controls", "run_controls"]

_log = logging.getLogger(__name__)
CONTROL_SEEDS = tuple(range(20))


def run_controls(
    request: FigureRequest,
    *,
    per_dataset: int = 20,
    seeds: tuple[int, ...] = CONTROL_SEEDS,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Take every claim's statistic for untrained encoders, and return the path of the numbers.

    ``controls.json`` holds per claim the values by seed, their 5th, 50th and 95th percentile and
    the share of seeds for which the claim would hold; with date and commit. The encoders have the
    full width, see the first `per_dataset` images of the figures' own nested sample, and run in
    bfloat16, which moves their scores by less than 0.001 and takes a third of the time. The tables
    of each seed are kept, so that an interrupted run is continued.

    Raises
    ------
    OutputExistsError
        Controls of another request lie there.
    """
    path = request.out / "controls.json"
    data = replace(request, per_dataset=per_dataset).data_in_words
    asked = _controls_digest(request, data, seeds)
    if up_to_date_or_refuse(path, asked, overwrite=request.overwrite):
        return path
    values: dict[str, list[float]] = {claim.name: [] for claim in CLAIMS}
    for done, seed in enumerate(seeds):
        tables = _extract_untrained_tables(request, seed, per_dataset)
        for claim in CLAIMS:
            table = tables[claim.corpus, "untrained", claim.view]
            values[claim.name].append(claim.statistic.value(table))
        if progress is not None:
            progress(done + 1, len(seeds))
    document = {
        "kind": "controls",
        "version": 1,
        "encoder": "untrained",
        "seeds": seeds,
        "data": data,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _find_git_commit(),
        "libraries": library_versions(),
        "request": asked,
        "claims": {claim.name: _summarise_values(claim, values[claim.name]) for claim in CLAIMS},
    }
    return write_json(path, document)


def _controls_digest(request: FigureRequest, data: str, seeds: Sequence[int]) -> str:
    claims = [[claim.name, claim.statistic.words, claim.bound] for claim in CLAIMS]
    return digest(["controls", data, request.root, request.seed, tuple(seeds), claims])


def find_matching_controls(request: FigureRequest, released: Path | None) -> dict[str, Any] | None:
    """Read the controls that were taken on a request's data: its own, else those in `released`.

    Untrained encoders on other images say nothing about a value, so controls of another root or
    seed are none.

    Raises
    ------
    FileFormatError
        A file of controls is damaged.
    """
    own = read_controls(request.out / "controls.json")
    if own is not None and own.get("request") == _controls_digest(
        request, str(own.get("data")), list(own.get("seeds") or ())
    ):
        return own
    if released is None or request.root is not None:
        return None
    numbers = json.loads((released / "numbers.json").read_text(encoding="utf-8"))
    if numbers["request"]["seed"] != request.seed:
        return None
    return read_controls(released / "controls.json")


def _extract_untrained_tables(request: FigureRequest, seed: int, per_dataset: int) -> Tables:
    tables: dict[tuple[str, str, str], EmbeddingTable] = {}
    for corpus in CORPORA.values():
        sources = find_or_simulate_sources(
            corpus,
            request.out,
            root=request.root,
            per_dataset=request.per_dataset,
            seed=request.seed,
            overwrite=request.overwrite,
        )
        views = extract(
            sources,
            f"untrained:{seed}",
            root=request.root,
            out=request.out / "tables" / f"{corpus.name}-controls",
            per_dataset=per_dataset,
            seed=request.seed,
            device=request.device,
            precision="fast",
            overwrite=request.overwrite,
        )
        for view, table in views.items():
            tables[corpus.name, "untrained", view] = rename_to_imitated_datasets(table)
    return tables


def _summarise_values(claim: Claim, values: list[float]) -> dict[str, Any]:
    low, middle, high = np.percentile(values, [5, 50, 95])
    summary: dict[str, Any] = {"values": values, "p5": low, "p50": middle, "p95": high}
    if not isinstance(claim.bound, str):
        summary["share that holds"] = float(np.mean([claim.holds(v, claim.bound) for v in values]))
    return {
        key: [float(v) for v in item] if isinstance(item, list) else float(item)
        for key, item in summary.items()
    }


def _find_git_commit() -> str | None:
    """Return the commit of the checkout that the package runs from, if it runs from one."""
    folder = Path(__file__).resolve().parents[4]
    if not (folder / ".git").exists():  # installed, perhaps inside somebody else's checkout
        return None
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()


def read_controls(path: Path) -> dict[str, Any] | None:
    """Read the stored controls, or return None where there are none.

    Raises
    ------
    FileFormatError
        The file is damaged or of another kind.
    """
    if not path.is_file():
        return None
    try:
        document = read_json(path)
    except FileFormatError as error:
        raise FileFormatError(f"{error}; remove it or make it anew") from error
    if not isinstance(document, dict) or document.get("kind") != "controls":
        raise FileFormatError(f"{path} holds no controls; remove it or make it anew")
    return document
