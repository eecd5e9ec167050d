"""Names of output files, whose ends say what is written."""

from __future__ import annotations

from pathlib import Path

from rainmer_analysis.errors import ParameterError

__all__ = ["demand_suffix"]


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
