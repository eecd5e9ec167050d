"""Encoders by name: the built-in ones in one list, others through entry points.

A package adds encoders with an entry point in the group ``rainmer_analysis.encoders``: its name is
the encoder's name, and it loads a callable ``make(weights=None, *, device, precision)`` that
returns an object keeping to `Encoder`.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.infer.encoders.built_in import BUILT_IN
from rainmer_analysis.infer.encoders.encoder_contract import Encoder, checked_encoder
from rainmer_analysis.infer.execution import PRECISIONS, choose_device

__all__ = ["BUILT_IN", "GROUP", "encoder_names", "load_encoder"]

GROUP = "rainmer_analysis.encoders"

_Weights = str | Path | None


def encoder_names() -> tuple[str, ...]:
    """Name the encoders that can be loaded, built-in ones first."""
    shown = [f"{name}:SEED" if name == "untrained" else name for name in BUILT_IN]
    return (*shown, *sorted(set(_entry_points_by_name()) - set(BUILT_IN)))


def load_encoder(
    name: str, weights: _Weights = None, *, device: str = "auto", precision: str = "exact"
) -> Encoder:
    """Load an encoder.

    Parameters
    ----------
    name
        ``rainmer``, ``airnet``, ``statistics``, ``untrained:SEED``, or the name of an entry point
        in the group ``rainmer_analysis.encoders``.
    weights
        For rainmer and airnet: a file, or ``derain`` (default) or ``allweather``, which are
        shipped.
    device
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; what ``auto`` took goes to the log.
    precision
        ``exact`` (float32) or ``fast`` (bfloat16 autocast; faster on hardware that has it, its
        vectors lie in a space of their own).

    Returns
    -------
    An object with ``name``, ``views``, ``sha256`` and ``encode``; see `Encoder`.

    Raises
    ------
    ParameterError
        The name, the device or the precision is unknown.
    WeightsError
        Weights cannot be found or used.

    Examples
    --------
    >>> import numpy as np
    >>> encoder = load_encoder("untrained:0", device="cpu")
    >>> encoder.encode(np.full((1, 3, 16, 24), 0.5, np.float32))["chromatic"].shape
    (1, 128)
    """
    if precision not in PRECISIONS:
        raise ParameterError(
            f"unknown precision {precision!r}; allowed are {' and '.join(PRECISIONS)}"
        )
    base, _, argument = name.partition(":")
    if base in BUILT_IN:
        return BUILT_IN[base](argument, weights, device=device, precision=precision)
    others = _entry_points_by_name()
    if name not in others:
        raise ParameterError(f"unknown encoder {name!r}; allowed are {', '.join(encoder_names())}")
    return _load_from_entry_point(others[name], weights, device=device, precision=precision)


def _entry_points_by_name() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _load_from_entry_point(
    point: EntryPoint, weights: _Weights, *, device: str, precision: str
) -> Encoder:
    source = f"the encoder {point.name!r} from {point.value}"
    try:
        make = point.load()
    except (ImportError, AttributeError) as error:
        raise ParameterError(
            f"{source} cannot be loaded ({error}); install its package anew"
        ) from error
    chosen = str(choose_device(device))
    encoder = checked_encoder(make(weights, device=chosen, precision=precision), source)
    if encoder.name != point.name:
        raise ParameterError(f"{source} calls itself {encoder.name!r}; both names must be the same")
    return encoder
