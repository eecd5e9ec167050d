"""What makes values immutable all the way down, and lets them be copied and sent to processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

__all__ = ["FrozenDict", "Value", "freeze_array", "frozen"]


class FrozenDict(dict[Any, Any]):
    """A dictionary that cannot be changed; what it holds is frozen too.

    It is a `dict`, so that it compares, prints and becomes JSON like one, and unlike a mapping
    proxy it can be pickled.

    Examples
    --------
    >>> FrozenDict(seed=42)["seed"]
    42
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__({key: frozen(value) for key, value in dict(*given, **named).items()})

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("values are immutable: make a new one, for example from dict(this)")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        """Hash what is held; raises TypeError where that cannot be hashed."""
        return hash(frozenset(self.items()))

    def __copy__(self) -> FrozenDict:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenDict:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


class Value:
    """Base of frozen dataclasses; copies and pickles are built, and so checked, anew.

    Without this the arrays of a pickled value would come back writable.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(
            getattr(self, each.name)
            for each in fields(self)  # type: ignore[arg-type]
        )

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self


def frozen(value: Any) -> Any:
    """Return a value that cannot be changed: mappings, lists, sets and arrays within it too.

    Lists become tuples, arrays become read-only copies; all else is returned as it is.
    """
    if isinstance(value, FrozenDict):
        return value
    if isinstance(value, Mapping):
        return FrozenDict(value)
    if isinstance(value, list) or type(value) is tuple:
        return tuple(frozen(each) for each in value)
    if isinstance(value, set):
        return frozenset(value)
    if isinstance(value, np.ndarray):
        return freeze_array(value.copy())
    return value


def freeze_array(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view of an array that cannot be written to, nor be made writable again."""
    array.flags.writeable = False
    return array.view()
