"""Whether a file can be one of weights at all, found before what reads tensors is imported."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Literal

from rainmer_analysis.errors import WeightsError

__all__ = ["WEIGHTS_ALLOWED", "detect_weights_format", "refuse_existing_non_weights"]

_MAX_BYTES = 4 << 30  # a whole Rainmer in float64 has 0.5 GB
WEIGHTS_ALLOWED = "give a .safetensors file or a .pth state dict of Rainmer or AirNet"


def refuse_existing_non_weights(weights: str | None, *, encoder: str = "rainmer") -> None:
    """Make sure that what a command was given may be weights, before torch is imported.

    Raises WeightsError: it is a file, and none of weights.

    Parameters
    ----------
    weights
        A file. Names of shipped weights, which have no suffix, and files that are not there are
        left to those who load them.
    encoder
        Whose they are; what encoders of other packages read is their own affair.
    """
    if encoder in ("rainmer", "airnet") and weights is not None:
        path = Path(weights)
        if path.suffix and path.exists():
            detect_weights_format(path)


def detect_weights_format(path: Path) -> Literal["safetensors", "torch"]:
    """Return the format of a file of weights, from its first bytes and not from its name.

    Raises WeightsError: there is no such file, or it is empty, no regular file, larger than any
    weights, or of another format.
    """
    try:
        _demand_regular_file(path)
        with path.open("rb") as file:
            head = file.read(16)
    except FileNotFoundError:
        raise WeightsError(f"There are no weights at {path}; {WEIGHTS_ALLOWED}.") from None
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}); {WEIGHTS_ALLOWED}."
        raise WeightsError(msg) from error
    if not head:
        raise WeightsError(f"{path} is empty; {WEIGHTS_ALLOWED}.")
    if head[8:9] == b"{":
        return "safetensors"
    if head[:2] == b"PK" or head[:1] == b"\x80":
        return "torch"
    msg = f"{path} is neither a safetensors file nor a torch checkpoint; {WEIGHTS_ALLOWED}."
    raise WeightsError(msg)


def _demand_regular_file(path: Path) -> None:
    """Refuse what is no regular file, before it is waited for."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise WeightsError(f"{path} is no regular file; {WEIGHTS_ALLOWED}.")
    if status.st_size > _MAX_BYTES:
        raise WeightsError(
            f"{path} has {status.st_size:,} bytes, weights have at most {_MAX_BYTES:,}; "
            f"{WEIGHTS_ALLOWED}."
        )
