"""Which attentions are kept: the one place where the restorer's ranking can be replaced.

A selection takes attentions, [..., c, c], and k, and gives the places of k largest of each row,
int64 [..., c, k]. The published attention masks its own softmax outputs again, so from the second
rate on the last places of every row are filled from exact zeros: which zeros win is decided by
the rule for ties, and each winner gets a weight comparable to the others'.

``topk_lowest_index``
    Of equal attentions those at the lowest index win, on every device, in every build, with any
    number of threads. The project trains with it.
``topk_as_torch``
    One ``torch.topk`` per rate, as the published code does. Winners among equals depend on the
    build, the device and the number of threads, so outputs are reproducible only with recorded
    places (`SelectionRecorder`, `RecordedSelection`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import MappingProxyType

import torch
from torch import Tensor

from rainmer_analysis.errors import ParameterError

__all__ = [
    "SELECTIONS",
    "RecordedSelection",
    "Selection",
    "SelectionRecorder",
    "topk_as_torch",
    "topk_lowest_index",
]

Selection = Callable[[Tensor, int], Tensor]


def topk_lowest_index(attention: Tensor, k: int) -> Tensor:
    """Keep the k largest of each row, of equal ones those at the lowest index."""
    return attention.sort(dim=-1, descending=True, stable=True).indices[..., :k]


def topk_as_torch(attention: Tensor, k: int) -> Tensor:
    """Keep what ``torch.topk`` keeps."""
    return torch.topk(attention, k, dim=-1).indices


SELECTIONS: MappingProxyType[str, Selection] = MappingProxyType(
    {"lowest": topk_lowest_index, "published": topk_as_torch}
)


class SelectionRecorder:
    """A selection that notes what another one chose.

    Parameters
    ----------
    rule
        The selection that chooses.

    Examples
    --------
    >>> recorder = SelectionRecorder(topk_lowest_index)
    >>> recorder(torch.tensor([[0.0, 2.0, 0.0]]), 2)
    tensor([[1, 0]])
    >>> len(recorder.places)
    1
    """

    def __init__(self, rule: Selection) -> None:
        self.rule = rule
        self.places: list[Tensor] = []

    def __call__(self, attention: Tensor, k: int) -> Tensor:
        """Choose, and note the places in the order of calls."""
        self.places.append(self.rule(attention, k))
        return self.places[-1]


class RecordedSelection:
    """A selection that gives recorded places again.

    Parameters
    ----------
    places
        Places in the order of calls, of any integer type.
    """

    def __init__(self, places: Iterable[Tensor]) -> None:
        self._left = list(places)[::-1]

    def __len__(self) -> int:
        """Count the places that were not used yet."""
        return len(self._left)

    def __call__(self, attention: Tensor, k: int) -> Tensor:
        """Return the next recorded places.

        Raises
        ------
        ParameterError
            If nothing is left, or if the next places belong to other attentions.
        """
        wanted = (*attention.shape[:-1], k)
        if not self._left or self._left[-1].shape != wanted:
            found = f"of shape {list(self._left[-1].shape)}" if self._left else "used up"
            msg = (
                f"recorded places are {found} where {list(wanted)} are wanted; "
                "replay them on the network and image size that they were recorded from"
            )
            raise ParameterError(msg)
        return self._left.pop().to(attention.device, torch.int64)
