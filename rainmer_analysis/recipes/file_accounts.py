"""What became of every file of the datasets that a command has read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rainmer_analysis.images.datasets import Dataset

__all__ = ["account_for_files"]


def account_for_files(
    datasets: Sequence[Dataset], drawn: Mapping[str, int], left_out: Mapping[str, int]
) -> dict[str, dict[str, Any]]:
    """Say of each dataset what became of all its files.

    Parameters
    ----------
    datasets
        What the sources hold.
    drawn, left_out
        By dataset, how many images were in the sample, and how many of these were left out.

    Returns
    -------
    By dataset JSON types, with a ``sentence`` to print.
    """
    found = {}
    for each in datasets:
        count, lost = drawn.get(each.name, 0), left_out.get(each.name, 0)
        numbers = {
            "used": count - lost,
            "left_out": lost,
            "not_drawn": len(each.images) - count,
        }
        found[each.name] = {
            **each.account.document(**numbers),
            "sentence": each.account.sentence(each.name, **numbers),
        }
    return found
