"""Weights of encoders: shipped ones by name, others by their file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from rainmer_analysis.errors import WeightsError
from rainmer_analysis.model import Checkpoint, load_weights

__all__ = ["SHIPPED", "encoder_weights_path", "read_encoder_weights"]

SHIPPED = ("derain", "allweather")


def encoder_weights_path(encoder: str, weights: str | Path | None) -> Path:
    """Find the file of weights for ``rainmer`` or ``airnet``.

    Parameters
    ----------
    encoder
        Name of the encoder.
    weights
        A file, or the name of shipped weights (``derain``, ``allweather``); None means ``derain``.

    Raises
    ------
    WeightsError
        There is no such file.
    """
    name = SHIPPED[0] if weights is None else str(weights)
    if name in SHIPPED:
        shipped = resources.files("rainmer_analysis") / "weights" / f"{encoder}-{name}.safetensors"
        path = Path(str(shipped))
        if not path.is_file():
            raise WeightsError(
                f"this installation does not carry the shipped weights {path.name}; "
                "install it anew or give a file of weights"
            )
        return path
    path = Path(name)
    if not path.is_file():
        raise WeightsError(
            f"there is no file of weights {name!r}; give a .safetensors or .pth file or one of the "
            f"names {', '.join(SHIPPED)}"
        )
    return path


def read_encoder_weights(name: str, weights: str | Path | None) -> Checkpoint:
    """Read the weights of ``rainmer`` or ``airnet`` from a file or by their shipped name.

    Raises
    ------
    WeightsError
        The file is missing or damaged, or holds another network.
    """
    path = encoder_weights_path(name, weights)
    checkpoint = load_weights(path)
    if checkpoint.kind != name:
        raise WeightsError(
            f"{path.name} holds the weights of {checkpoint.kind}, but the encoder {name} was asked "
            f"for; use --encoder {checkpoint.kind} or other weights"
        )
    return checkpoint
