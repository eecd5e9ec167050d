"""What decoders say of files that they cannot read, in words that name what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from rainmer_analysis.errors import ImageError

__all__ = ["DamageError", "convert_decoding_errors"]


class DamageError(ImageError):
    """A decoder cannot read what it was given."""


@contextmanager
def convert_decoding_errors() -> Iterator[None]:
    """Turn what a decoder raises into a reason.

    To be put around calls of decoders alone: fed with damaged data they raise nearly anything, so
    that a fault of this program could not be distinguished from a fault of the file.

    Raises
    ------
    DamageError
        In place of every exception but `ImageError`.
    """
    try:
        yield
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError("needs more memory than there is") from error
    except Exception as error:
        raise DamageError(_damage_reason(error)) from error


def _damage_reason(error: Exception) -> str:
    text = " ".join(str(error).split())[:120] or type(error).__name__
    if isinstance(error, ImportError) or "imagecodecs" in text:
        named = re.search(r"COMPRESSION\.(\w+)", text)
        which = f" ({named[1]})" if named else ""
        return f"its compression{which} needs the package imagecodecs, which is not installed"
    if found := re.fullmatch(r"decoder (\w+) not available", text):
        return f"this Pillow was built without its decoder ({found[1]}); install another Pillow"
    if isinstance(error, OSError) and error.errno is not None:
        return f"cannot be read: {error.strerror}"
    return f"truncated or damaged: {text}"
