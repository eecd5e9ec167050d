"""What is no file of tensors is refused before torch is imported."""

from __future__ import annotations

from pathlib import Path

__all__ = ["demand_weights"]


def demand_weights(weights: str | None, *, encoder: str = "rainmer") -> None:
    """Make sure that a file may be one of weights.

    Parameters
    ----------
    weights
        What the command was given. Names of shipped weights, which have no suffix, and files that
        are not there are left to the command.
    encoder
        Whose they are; what encoders of other packages read is their own affair.

    Raises
    ------
    WeightsError
        It is a file, and none of weights.
    """
    if encoder not in ("rainmer", "airnet") or weights is None:
        return
    path = Path(weights)
    if path.suffix and path.exists():
        # Imported here: reading tables would slow down every command's help.
        from rainmer_analysis.values import tensor_format

        tensor_format(path)
