"""A configuration from TOML, every key known and every value in its range, and back to TOML."""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from rainmer_analysis.errors import ConfigError
from rainmer_analysis.train.config.train_config import TrainConfig
from rainmer_analysis.values.request_digest import to_json_types

__all__ = ["config_as_toml", "parse_train_config", "read_train_config", "shipped_train_configs"]

_T = TypeVar("_T")


def read_train_config(path: str | Path, *, changes: Mapping[str, str] | None = None) -> TrainConfig:
    """Read a configuration.

    Parameters
    ----------
    path
        A TOML file, or the name of a shipped configuration (`shipped_train_configs`).
    changes
        Values that replace the file's: dotted key to value as TOML writes it, such as
        ``{"optimiser.lr": "1e-3"}``; what is no TOML value is taken as text.

    Raises
    ------
    ConfigError
        There is no such file, it is no TOML, or it holds an unknown key or impossible value.
    """
    text = str(path)
    shipped = shipped_train_configs()
    file = Path(text)
    source = shipped[text] if text in shipped and not file.exists() else file
    try:
        content = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"no configuration can be read from {text!r}; give a TOML file or one of "
            f"{', '.join(shipped)}"
        ) from error
    try:
        document = tomllib.loads(content)
    except RecursionError as error:
        raise ConfigError(f"{text} is nested too deeply for a configuration") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{text} is no valid TOML: {error}") from error
    for key, value in (changes or {}).items():
        _apply_change(document, key, value)
    return parse_train_config(document)


def _apply_change(document: dict[str, Any], key: str, text: str) -> None:
    *sections, last = key.split(".")
    for section in sections:
        table = document.setdefault(section, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{key!r} cannot be changed: {section!r} is no section")
        document = table
    try:
        document[last] = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        document[last] = text


def shipped_train_configs() -> dict[str, Path]:
    """Return the configurations that come with the package, by name."""
    folder = Path(str(resources.files("rainmer_analysis.train"))) / "configs"
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def parse_train_config(document: Mapping[str, Any]) -> TrainConfig:
    """Check a nested mapping, as TOML gives it, and make it a configuration.

    Raises
    ------
    ConfigError
        A key is unknown, or a value has a wrong type or lies outside its range.

    Examples
    --------
    >>> parse_train_config({"data": {"simulated": ["sim-Rain200H"]}}).run.batch
    4
    """
    return _build_section(TrainConfig, document, "")


def _build_section(kind: type[_T], table: Mapping[str, Any], prefix: str) -> _T:
    hints = get_type_hints(kind)
    known = {item.name: item for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
            raise ConfigError(
                f"unknown key {prefix + key!r} in the configuration; did you mean "
                f"{prefix + near[0]!r}?"
            )
    values = {
        key: _checked_value(hints[key], table[key], prefix + key, known[key].metadata)
        for key in table
    }
    return kind(**values)


def _checked_value(hint: Any, value: Any, name: str, limits: Mapping[str, Any]) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise _value_error(name, value, "a table")
        return _build_section(hint, value, name + ".")
    checked = _convert_to_hint(hint, value, name)
    if "choices" in limits and checked not in limits["choices"]:
        raise _value_error(name, value, "one of " + ", ".join(limits["choices"]))
    if "low" in limits and not limits["low"] <= checked <= limits["high"]:
        raise _value_error(name, value, f"a number from {limits['low']:g} to {limits['high']:g}")
    return checked


_NAMES = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}
_PLURALS = {float: "numbers", int: "whole numbers", str: "texts"}


def _is_of_type(kind: Any, value: Any) -> bool:
    """Return whether a value of TOML is of a type; whole numbers are numbers, truth is none."""
    if kind is bool or kind is str:
        return isinstance(value, kind)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) if kind is int else math.isfinite(value)


def _convert_to_hint(hint: Any, value: Any, name: str) -> Any:
    if hint in _NAMES:
        if _is_of_type(hint, value):
            return hint(value)
        raise _value_error(name, value, _NAMES[hint])
    if get_origin(hint) is tuple:
        kind = get_args(hint)[0]
        if isinstance(value, list | tuple) and all(_is_of_type(kind, item) for item in value):
            return tuple(kind(item) for item in value)
        raise _value_error(name, value, f"a list of {_PLURALS[kind]}")
    kind = get_args(hint)[1]
    if isinstance(value, dict) and all(_is_of_type(kind, item) for item in value.values()):
        return {key: kind(item) for key, item in value.items()}
    raise _value_error(name, value, f"a table of {_PLURALS[kind]}")


def _value_error(name: str, value: Any, allowed: str) -> ConfigError:
    return ConfigError(f"{name} of the configuration is {value!r}; it must be {allowed}")


def config_as_toml(config: TrainConfig) -> str:
    """Write a configuration as TOML that `read_train_config` reads back to an equal one."""
    document = to_json_types(config)
    top = {key: value for key, value in document.items() if not isinstance(value, dict)}
    lines = _toml_assignments(top)
    for key, table in document.items():
        if isinstance(table, dict):
            lines += ["", f"[{key}]", *_toml_assignments(table)]
    return "\n".join(lines) + "\n"


def _toml_assignments(table: Mapping[str, object]) -> list[str]:
    return [f"{key} = {_toml_literal(value)}" for key, value in table.items()]


def _toml_literal(value: object) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, list):
        return "[" + ", ".join(_toml_literal(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        items = (f"{_toml_literal(key)} = {_toml_literal(item)}" for key, item in value.items())
        return "{ " + ", ".join(items) + " }" if value else "{}"
    return repr(value)
