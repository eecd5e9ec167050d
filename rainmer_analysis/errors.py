"""One family of errors.

Every error that a user can cause is one sentence: what came, what is allowed, what to do.

::

    RainmerAnalysisError
    ├── SourceError         a source of images is unknown, empty or contradicts itself
    ├── ImageError          one image cannot be used (the reason fits into skipped.csv)
    ├── FileFormatError     a file of results is of another kind, damaged or too new
    ├── SpaceError          values of different embedding spaces were combined
    ├── ParameterError      a parameter lies outside what is allowed
    ├── OutputExistsError   something else already lies where a result should go
    ├── OutputInUseError    another run is writing there
    ├── StorageError        a disk is full or fails
    ├── WeightsError        weights cannot be found, read or used
    ├── ConfigError         a training configuration is wrong
    ├── TrainingError       training cannot go on
    └── ProcessError        this process cannot compute what was asked for
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "ConfigError",
    "FileFormatError",
    "ImageError",
    "OutputExistsError",
    "OutputInUseError",
    "ParameterError",
    "ProcessError",
    "RainmerAnalysisError",
    "SourceError",
    "SpaceError",
    "StorageError",
    "TrainingError",
    "WeightsError",
]


class RainmerAnalysisError(Exception):
    """Base of every error that this package raises on purpose."""


class SourceError(RainmerAnalysisError):
    """A source of images is unknown, empty or contradicts itself."""


class ImageError(RainmerAnalysisError):
    """One image cannot be used; its text is the reason written into ``skipped.csv``."""


class FileFormatError(RainmerAnalysisError):
    """A file of results is of another kind, damaged, truncated or of a newer version."""


class SpaceError(RainmerAnalysisError):
    """Values of different embedding spaces were combined."""


class ParameterError(RainmerAnalysisError, ValueError):
    """A parameter lies outside what is allowed."""


class OutputExistsError(RainmerAnalysisError):
    """Something else already lies where a result should go."""

    @classmethod
    def at(cls, path: Path, other: str = "name") -> OutputExistsError:
        """Return the error of a file or folder; `other` is what to give instead."""
        return cls(
            f"{path} already exists and holds something else; "
            f"give another {other} or allow --overwrite (overwrite=True in Python)"
        )


class OutputInUseError(RainmerAnalysisError):
    """Another run is writing to the same output."""


class StorageError(RainmerAnalysisError, OSError):
    """A disk is full, fails or may not be written to."""


class WeightsError(RainmerAnalysisError):
    """Weights cannot be found, read or used."""


class ConfigError(RainmerAnalysisError):
    """A training configuration holds an unknown key or an impossible value."""


class TrainingError(RainmerAnalysisError):
    """Training cannot go on."""


class ProcessError(RainmerAnalysisError):
    """What was asked for cannot be computed in this process, as it could in another."""
