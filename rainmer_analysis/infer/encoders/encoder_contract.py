"""What every encoder keeps to, built in or from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rainmer_analysis.errors import ParameterError, WeightsError
from rainmer_analysis.values import Space

__all__ = [
    "API_VERSION",
    "Encoder",
    "Vectors",
    "as_checked_images",
    "checked_encoder",
    "encoder_spaces",
    "parse_untrained_seed",
    "refuse_encoder_argument",
    "refuse_encoder_weights",
]

API_VERSION = 1
Vectors = dict[str, npt.NDArray[np.float32]]

_MIN_SIDE = 8
_MAX_SEED = 2**63 - 1
_SLACK = 1e-5  # interpolation in float32 may leave [0, 1] by a rounding
_PROMISED = ("name", "views", "preprocessing", "sha256", "api_version", "encode")


@runtime_checkable
class Encoder(Protocol):
    """Images to unit vectors, one per view.

    Attributes
    ----------
    name
        As in ``rainmer`` or ``untrained:7``.
    views
        View names and their dimensions.
    preprocessing
        Name of the resize rule that images go through before `encode`; normalisation constants
        live inside `encode`.
    sha256
        Identity of the weights or constants.
    api_version
        Version of this contract, 1.

    More attributes are used where they are there: ``precision`` (``exact`` or ``fast``; exact when
    absent), ``configuration`` (a mapping, written into the metadata of tables),
    ``preferred_batch`` (images per pass) and ``concurrent`` (whether `encode` may be called from
    several threads at once; False when absent).
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def views(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def preprocessing(self) -> str: ...  # noqa: D102
    @property
    def sha256(self) -> str: ...  # noqa: D102
    @property
    def api_version(self) -> int: ...  # noqa: D102

    def encode(self, images: npt.ArrayLike | Tensor) -> Vectors:
        """Encode images.

        Parameters
        ----------
        images
            float32 array or tensor [n, 3, H, W], RGB in [0, 1], H and W at least 8; not resized.

        Returns
        -------
        For each view a float32 array [n, d] of unit rows.

        Raises
        ------
        ParameterError
            `images` has another shape or type, or a value that is NaN or outside [0, 1].
        """
        ...


def as_checked_images(
    images: npt.ArrayLike | Tensor, *, taker: str = "an encoder", least: int = _MIN_SIDE
) -> Tensor:
    """Return images as a float32 tensor [n, 3, H, W], without copying where that is possible.

    Parameters
    ----------
    images
        What was given.
    taker
        Who it was given to, for the message.
    least
        Shortest side in pixels.

    Raises
    ------
    ParameterError
        The shape, the type or the range is another.
    """

    def refuse_unless(holds: bool, what_came: str) -> None:
        if not holds:
            raise ParameterError(
                f"{taker} was given images {what_came}; give float32 RGB [n, 3, H, W] with sides "
                f"of at least {least} pixels and values in [0, 1] (8-bit samples divided by 255)"
            )

    if isinstance(images, Tensor):
        pixels = images.detach()
    else:
        array = np.asarray(images)
        refuse_unless(array.dtype == np.float32, f"of type {array.dtype}")
        pixels = torch.from_numpy(array if array.flags.writeable else array.copy())
    refuse_unless(pixels.dtype == torch.float32, f"of type {pixels.dtype}")
    fits = pixels.ndim == 4 and pixels.shape[1] == 3 and min(pixels.shape[2:]) >= least
    refuse_unless(fits, f"of shape {list(pixels.shape)}")
    if len(pixels):
        low, high = (float(bound) for bound in torch.aminmax(pixels))
        # a comparison with NaN is false, so NaN ends here as well
        refuse_unless(
            low >= -_SLACK and high <= 1 + _SLACK, f"with values from {low:g} to {high:g}"
        )
    return pixels


def checked_encoder(encoder: Any, source: str) -> Encoder:
    """Return an encoder that keeps to the contract, or refuse it.

    Parameters
    ----------
    encoder
        The object.
    source
        Where it comes from, for the message.

    Raises
    ------
    ParameterError
        Something that the contract promises is missing, or its version is another.
    """
    missing = [name for name in _PROMISED if not hasattr(encoder, name)]
    if missing:
        raise ParameterError(
            f"{source} lacks {', '.join(missing)}; an encoder has {', '.join(_PROMISED)}"
        )
    if encoder.api_version != API_VERSION:
        raise ParameterError(
            f"{source} follows version {encoder.api_version!r} of the encoder contract, but this "
            f"installation speaks version {API_VERSION}; install a matching release of one of them"
        )
    views = encoder.views
    if not views or not all(isinstance(d, int) and d > 0 for d in views.values()):
        raise ParameterError(
            f"{source} states the views {dict(views)!r}; name at least one, each with its dimension"
        )
    assert isinstance(encoder, Encoder)
    return encoder


def encoder_spaces(encoder: Encoder, *, rule: str) -> dict[str, Space]:
    """Return the space of each view of an encoder whose images go through a resize rule."""
    precision = str(getattr(encoder, "precision", "exact"))
    precision = str(getattr(encoder, "arithmetic", precision))
    return {
        view: Space(encoder.name, view, encoder.sha256, rule, precision) for view in encoder.views
    }


def refuse_encoder_argument(encoder: str, argument: str) -> None:
    """Make sure that nothing follows an encoder's name.

    Raises
    ------
    ParameterError
        Something does.
    """
    if argument:
        raise ParameterError(f"unknown encoder '{encoder}:{argument}'; write {encoder} alone")


def refuse_encoder_weights(encoder: str, weights: str | Path | None) -> None:
    """Make sure that an encoder without weights was given none.

    Raises
    ------
    WeightsError
        It was.
    """
    if weights is not None:
        raise WeightsError(
            f"the encoder {encoder} takes no weights, but {str(weights)!r} was given; "
            "leave weights out"
        )


def parse_untrained_seed(argument: str) -> int:
    """Return the seed of ``untrained:SEED``.

    Raises
    ------
    ParameterError
        `argument` is none.
    """
    if not (argument.isascii() and argument.isdecimal() and int(argument) <= _MAX_SEED):
        raise ParameterError(
            f"the encoder 'untrained:{argument}' needs a seed; write untrained:SEED with a whole "
            "number from 0 up, as in untrained:0"
        )
    return int(argument)
