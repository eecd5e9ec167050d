"""Folders of images to tables of embeddings."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rainmer_analysis.distributed import launched_ranks, rank_device
from rainmer_analysis.images import Sources, find_datasets, sample_datasets
from rainmer_analysis.infer import (
    Extraction,
    compare_fast_with_exact,
    extract_over_ranks,
    load_encoder,
)
from rainmer_analysis.infer import extract as extract_images
from rainmer_analysis.recipes.account_for_files import account_for_files
from rainmer_analysis.values import ImageSet

__all__ = ["extract"]

_log = logging.getLogger(__name__)


def extract(
    sources: Sources | ImageSet,
    encoder: str = "rainmer",
    *,
    weights: str | Path | None = None,
    out: str | Path | None = None,
    root: str | Path | None = None,
    per_dataset: int | None = 500,
    seed: int = 42,
    device: str = "auto",
    precision: str = "exact",
    batch_size: int | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    strict: bool = False,
    ranks: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Extraction:
    """Embed images: one table of unit vectors per view of an encoder.

    Parameters
    ----------
    sources
        Dataset names to folders, SOURCE texts as on the command line (``NAME=FOLDER``,
        ``FILE.toml``, with `root` names of the catalogue), or an image set.
    encoder
        ``rainmer``, ``airnet``, ``statistics``, ``untrained:SEED``, or one from another package.
    weights
        A file, or ``derain`` (default) or ``allweather``.
    out
        Folder for tables and ``skipped.csv``; None writes nothing.
    root
        Folder of the paper's datasets.
    per_dataset
        Images drawn from each dataset; None takes all.
    seed
        Seed of the draw.
    device
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    precision
        ``exact`` or ``fast``.
    batch_size, workers
        Images per pass, threads that read; neither changes the vectors beyond 1e-5.
    overwrite
        Whether other tables in `out` may be replaced.
    strict
        Whether an image left out is an error, after everything is written.
    ranks
        Whether to share the work with the other processes that torchrun started, if it did; then
        `out` is needed and gets a folder of parts per view.
    progress
        Called as ``progress(done, total)``.

    Returns
    -------
    A mapping of views to tables. Images that cannot be used are left out, with a note in the log
    and a row in ``skipped`` and in ``skipped.csv``; ``paths`` are the files, and ``accounts`` tell
    what became of every file of each dataset.

    Raises
    ------
    RainmerAnalysisError
        A source, a parameter or weights cannot be used, or no image can; see `errors`.
    """
    place = launched_ranks() if ranks and out is not None else None
    device = device if place is None else rank_device(device)
    loaded = load_encoder(encoder, weights, device=device, precision=precision)
    datasets = () if isinstance(sources, ImageSet) else find_datasets(sources, root=root)
    images = (
        sources
        if isinstance(sources, ImageSet)
        else sample_datasets(datasets, per_dataset=per_dataset, seed=seed)
    )
    options: dict[str, Any] = {
        "batch_size": batch_size,
        "workers": workers,
        "overwrite": overwrite,
        "strict": strict,
        "progress": progress,
    }
    if place is not None and out is not None:
        done = extract_over_ranks(images, loaded, place, out=out, **options)
    else:
        done = extract_images(images, loaded, out=out, **options)
    if getattr(loaded, "precision", "exact") == "fast" and done.tables and not done.up_to_date:
        exact = load_encoder(encoder, weights, device=device, precision="exact")
        _log_lowest_cosines(*compare_fast_with_exact(loaded, exact, images))
    if not datasets or (place is not None and not done.paths):  # the first of several tells it
        return done
    left_out = Counter(done.skipped["dataset"])
    accounts = account_for_files(datasets, images.rows.counts, left_out)
    for account in accounts.values():
        _log.info("%s", account["sentence"])
    return replace(done, accounts=accounts)


def _log_lowest_cosines(lowest: dict[str, float], compared: int) -> None:
    found = ", ".join(f"{cosine:.6f} ({view})" for view, cosine in lowest.items())
    _log.info("fast against exact vectors of %d images: lowest cosine %s", compared, found)
