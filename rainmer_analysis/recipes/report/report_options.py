"""What a report depends on beside its inputs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ReportOptions"]


@dataclass(frozen=True)
class ReportOptions:
    """Options of `report`, with its defaults.

    Parameters
    ----------
    encoders
        For folders: whose spaces are shown.
    weights
        For folders: name or file of the weights; None for each encoder's own.
    root
        Folder of the paper's datasets.
    per_dataset
        Images drawn from each dataset.
    resamples, null
        Of the intervals and of the tests of `relate`.
    neighbors
        Of the maps.
    audit
        File of an audit of the same datasets, whose findings are shown.
    with_audit
        Whether images of folders are audited where no such file is given.
    seed
        Of every random choice.
    device, precision
        Of the encoders.
    overwrite
        Whether other existing results may be replaced.
    """

    encoders: tuple[str, ...] = ("rainmer", "airnet")
    weights: str | None = None
    root: str | None = None
    per_dataset: int = 500
    resamples: int = 1000
    null: int = 1000
    neighbors: int = 50
    audit: str | None = None
    with_audit: bool = True
    seed: int = 42
    device: str = "auto"
    precision: str = "exact"
    overwrite: bool = False
