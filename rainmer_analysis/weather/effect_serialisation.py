"""Effects as what JSON can hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.weather.effects import (
    Camera,
    Compression,
    Daylight,
    Depth,
    Drops,
    Effect,
    Flakes,
    FlakeSize,
    Night,
    Streaks,
    Veil,
)

__all__ = ["effect_from_dict", "effect_to_dict"]

_KIND = "effect"
_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Camera,
        Compression,
        Daylight,
        Depth,
        Drops,
        Flakes,
        FlakeSize,
        Night,
        Streaks,
        Veil,
    )
}


def effect_to_dict(effect: Effect) -> dict[str, Any]:
    """Return an effect with fixed parameters as dictionaries, lists, numbers and texts.

    Raises
    ------
    ParameterError
        If a parameter is a law still.
    """
    described: dict[str, Any] = _to_json(effect)
    return described


def _to_json(value: object) -> Any:
    if isinstance(value, tuple):
        return [_to_json(each) for each in value]
    if is_dataclass(value) and type(value).__name__ in _KINDS:
        held = {field.name: _to_json(getattr(value, field.name)) for field in fields(value)}
        return {_KIND: type(value).__name__, **held}
    if isinstance(value, int | float):
        return value
    raise ParameterError(f"{value} is no fixed parameter; call draw(rng) before writing")


def effect_from_dict(document: Mapping[str, Any]) -> Effect:
    """Return the effect that :func:`effect_to_dict` described.

    Raises
    ------
    ParameterError
        For an unknown effect, or fields that it does not have.
    """
    built = _from_json(document)
    if not isinstance(built, Effect):
        raise ParameterError(f"{document!r} is no effect; give what effect_to_dict returned")
    return built


def _from_json(value: object) -> object:
    if isinstance(value, list):
        return tuple(_from_json(each) for each in value)
    if isinstance(value, int | float):
        return value
    if not isinstance(value, Mapping):
        raise ParameterError(f"{value!r} is no parameter of an effect; give numbers")
    kind = _KINDS.get(str(value.get(_KIND)))
    if kind is None:
        raise ParameterError(f"no effect {value.get(_KIND)!r}; choose one of {', '.join(_KINDS)}")
    held = {name: _from_json(each) for name, each in value.items() if name != _KIND}
    expected = {field.name for field in fields(kind)}
    if set(held) != expected:
        names = ", ".join(sorted(set(held) ^ expected))
        raise ParameterError(f"{value[_KIND]} lacks or does not have the fields {names}")
    return kind(**held)
