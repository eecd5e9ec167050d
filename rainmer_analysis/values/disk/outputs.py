"""Output files: what their names may end in, and small ones written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values.disk.atomic import write_atomically

__all__ = ["demand_suffix", "write_bytes", "write_text"]


def demand_suffix(path: Path, what: str, *suffixes: str, also: tuple[str, ...] = ()) -> str:
    """Return the suffix of an output in lower case, or refuse it.

    Parameters
    ----------
    path
        Where to write.
    what
        What is written, with its article, for the sentence.
    suffixes, also
        What the name may end in; `also` is taken without being named.

    Raises
    ------
    ParameterError
        The name ends in something else.
    """
    suffix = path.suffix.lower()
    if suffix not in (*suffixes, *also):
        named = (" or " if len(suffixes) < 3 else ", ").join(suffixes)
        raise ParameterError(
            f"{what} cannot be written as {path.name!r}; use a name that ends in {named}"
        )
    return suffix


def write_bytes(path: str | Path, data: bytes) -> Path:
    """Write a file, whole or not at all."""

    def fill(temporary: Path) -> None:
        temporary.write_bytes(data)

    return write_atomically(path, fill)


def write_text(path: str | Path, text: str) -> Path:
    """Write a UTF-8 text, whole or not at all."""
    return write_bytes(path, text.encode("utf-8"))
