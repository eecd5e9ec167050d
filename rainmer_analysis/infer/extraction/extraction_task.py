"""What an extraction is asked to do, checked before any image is opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images import RESIZE_RULES
from rainmer_analysis.infer.encoders import Encoder, encoder_spaces
from rainmer_analysis.infer.extraction.stream_encoded_images import (
    EncodedImage,
    ImageJob,
    stream_encoded_images,
)
from rainmer_analysis.values import ImageSet, Rows, Space

__all__ = ["ExtractionTask", "Progress"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ExtractionTask:
    """Images, their encoder, and how they are read.

    Parameters
    ----------
    images, encoder
        What is encoded, and by what.
    batch_size, workers, resize_rule, progress
        As for `extract`; None leaves each to its default.

    Raises
    ------
    ParameterError
        A parameter lies outside what is allowed.
    """

    images: ImageSet
    encoder: Encoder
    batch_size: int | None = None
    workers: int | None = None
    resize_rule: str | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        for name in ("batch_size", "workers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ParameterError(f"{name} is {value}; it must be at least 1")
        if self.rule not in RESIZE_RULES:
            raise ParameterError(
                f"unknown resize rule {self.rule!r}; allowed are {', '.join(sorted(RESIZE_RULES))}"
            )

    @property
    def rule(self) -> str:
        """Name of the resize rule."""
        return self.resize_rule or self.encoder.preprocessing

    @property
    def rows(self) -> Rows:
        """Those of the image set."""
        return self.images.rows

    @cached_property
    def spaces(self) -> Mapping[str, Space]:
        """The spaces that the tables are going to lie in, by view."""
        return encoder_spaces(self.encoder, rule=self.rule)

    @property
    def provenance(self) -> dict[str, Any]:
        """What tables say of how they were made."""
        sampling = dict(self.images.sampling)
        encoder = self.encoder
        return {
            "encoder": {
                "name": encoder.name,
                "sha256": encoder.sha256,
                "api_version": encoder.api_version,
                "configuration": dict(getattr(encoder, "configuration", {})),
            },
            "seed": sampling.pop("seed", None),
            "sampling": sampling,
        }

    def encode(self, jobs: Iterable[ImageJob]) -> Generator[EncodedImage, None, None]:
        """Read, resize and encode images, in the order of the jobs."""
        return stream_encoded_images(
            jobs,
            self.encoder,
            rule=self.rule,
            batch_size=self.batch_size or int(getattr(self.encoder, "preferred_batch", 8)),
            workers=self.workers or min(4, os.cpu_count() or 1),
        )
