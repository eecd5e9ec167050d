"""The option that names weights: what is no file of tensors is refused before torch is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

__all__ = ["check_weights"]


def check_weights(
    context: click.Context,  # noqa: ARG001
    parameter: click.Parameter,  # noqa: ARG001
    value: Any,
) -> Any:
    """Return the value of the option, or of the repeated option, where its files may be weights.

    Names of shipped weights, which have no suffix, and files that are not there are left to the
    command.

    Raises
    ------
    WeightsError
        A file is none of weights.
    """
    for each in value if isinstance(value, tuple) else (value,):
        if each is not None and Path(each).suffix and Path(each).exists():
            # Imported here: reading tables would slow down every command's help.
            from rainmer_analysis.values import tensor_format

            tensor_format(Path(each))
    return value
