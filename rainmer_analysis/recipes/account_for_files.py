"""What became of every file of the datasets that a command has read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rainmer_analysis.images.datasets import Dataset

__all__ = ["account_for_files"]


def account_for_files(
    datasets: Sequence[Dataset], drawn: Mapping[str, int], left_out: Mapping[str, int]
) -> dict[str, dict[str, Any]]:
    """Return by dataset what became of all its files as JSON types, with a ``sentence`` to print.

    `drawn` and `left_out` count by dataset the images of the sample, and those of it left out.
    """
    found = {}
    for each in datasets:
        count, lost = drawn.get(each.name, 0), left_out.get(each.name, 0)
        numbers = {"used": count - lost, "left_out": lost, "not_drawn": len(each.images) - count}
        found[each.name] = {
            **each.account.document(**numbers),
            "sentence": each.account.sentence(each.name, **numbers),
        }
    return found
