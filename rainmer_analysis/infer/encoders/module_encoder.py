"""Any PyTorch module as an encoder: features of a named layer, pooled and brought to length 1."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images import DEFAULT_RULE, RESIZE_RULES
from rainmer_analysis.infer.encoders.encoder_contract import API_VERSION, Vectors, as_checked_images
from rainmer_analysis.model import state_sha256
from rainmer_analysis.values import FrozenDict, digest

__all__ = ["POOLINGS", "ModuleEncoder"]

_SIDE = 128
_LEAST_LENGTH = 1e-12


def _mean_over_positions(features: Tensor) -> Tensor:
    return features.flatten(2).mean(2) if features.ndim == 4 else features.mean(1)


POOLINGS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "mean": _mean_over_positions,
        "mean-channels-last": lambda features: features.flatten(1, -2).mean(1),
        "first-token": lambda features: features[:, 0],
        "flatten": lambda features: features.flatten(1),
    }
)
"""How [n, c, h, w] or [n, tokens, c] become [n, d]; features [n, d] are taken as they are.

``mean`` over pixels or tokens, ``mean-channels-last`` over the pixels of [n, h, w, c],
``first-token`` (a transformer's class token), ``flatten`` for all numbers of a layer.
"""


class ModuleEncoder:
    """A module as an encoder, by the output of one of its layers.

    The module is copied, put into evaluation mode and left as it is. Images pass one by one on a
    CPU, so that vectors do not depend on the size of a batch.

    Parameters
    ----------
    name
        As in the entry point that makes the encoder.
    module
        Takes float32 [n, 3, H, W] after normalisation.
    layer
        Dotted name of the layer whose output is taken, as in ``module.named_modules()``; the
        module's own output by default.
    pooling
        A name in `POOLINGS`.
    mean, std
        Normalisation constants of the three channels, for values in [0, 1].
    size
        Images are brought to this many pixels a side before the module (bilinear, antialiased), as
        transformers of a fixed size need; by default they pass as they come, 128x128.
    preprocessing
        Resize rule that images go through before `encode`, a name in `RESIZE_RULES`.
    view
        Name of the one view.
    device
        Where the module runs.
    identity
        More that the vectors depend on, in words, such as the name of the training set; it enters
        `sha256`.

    Attributes
    ----------
    sha256
        Identity of weights, buffers, structure, layer, pooling, size and normalisation: two tables
        share a space only where all of them are the same.

    Raises
    ------
    ParameterError
        There is no such layer, pooling or rule, the layer gives no tensor, or the constants are
        not three finite numbers each with positive deviations.

    Examples
    --------
    >>> import torch
    >>> module = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU())
    >>> encoder = ModuleEncoder("mine", module, layer="0")
    >>> dict(encoder.views)
    {'features': 8}
    """

    api_version = API_VERSION
    precision = "exact"
    preferred_batch = 8

    def __init__(
        self,
        name: str,
        module: nn.Module,
        *,
        layer: str = "",
        pooling: str = "mean",
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (1.0, 1.0, 1.0),
        size: int | None = None,
        preprocessing: str = DEFAULT_RULE,
        view: str = "features",
        device: str = "cpu",
        identity: str = "",
    ) -> None:
        if preprocessing not in RESIZE_RULES:
            raise ParameterError(
                f"unknown resize rule {preprocessing!r}; allowed are "
                f"{', '.join(sorted(RESIZE_RULES))}"
            )
        if pooling not in POOLINGS:
            raise ParameterError(f"unknown pooling {pooling!r}; allowed are {', '.join(POOLINGS)}")
        self.name, self.preprocessing = name, preprocessing
        self._module = copy.deepcopy(module).to(device=device, dtype=torch.float32).eval()
        self._layer = _find_layer(self._module, layer)
        self._pool, self._size, self._device = POOLINGS[pooling], size, torch.device(device)
        self._mean, self._std = _checked_mean_and_std(mean, std, self._device)
        self.configuration: Mapping[str, Any] = FrozenDict(
            {
                "module": type(module).__name__,
                "layer": layer,
                "pooling": pooling,
                "mean": list(mean),
                "std": list(std),
                "size": size,
                "identity": identity,
            }
        )
        self.sha256 = digest(
            [state_sha256(self._module.state_dict()), str(self._module), self.configuration]
        )
        grey = torch.full((1, 3, _SIDE, _SIDE), 0.5)
        self.views: Mapping[str, int] = MappingProxyType(
            {view: self._pooled_features(grey).shape[1]}
        )

    def encode(self, images: npt.ArrayLike | Tensor) -> Vectors:
        """Encode float32 images [n, 3, H, W] in [0, 1] to unit rows [n, d].

        Raises
        ------
        ParameterError
            The images are of another kind, or a vector is not finite or of length 0.
        """
        pixels = as_checked_images(images)
        ((view, width),) = self.views.items()
        step = 1 if self._device.type == "cpu" else max(1, len(pixels))
        parts = [
            self._pooled_features(pixels[at : at + step]) for at in range(0, len(pixels), step)
        ]
        rows = np.concatenate([part.cpu().numpy() for part in parts] or [np.zeros((0, width))])
        lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and (lengths > _LEAST_LENGTH).all()):
            raise ParameterError(
                f"the encoder {self.name!r} gave a vector that is not finite or all zeros, which "
                "has no direction; take another layer or check its normalisation"
            )
        return {view: np.asarray(rows / lengths, dtype=np.float32)}

    @torch.inference_mode()
    def _pooled_features(self, pixels: Tensor) -> Tensor:
        """Return the pooled features of images, float32 [n, d]."""
        found: list[Any] = []
        handle = self._layer.register_forward_hook(lambda *passed: found.append(passed[2]))
        try:
            self._module(self._resize_and_normalise(pixels.to(self._device)))
        finally:
            handle.remove()
        features = found[-1] if found else None
        if not isinstance(features, Tensor) or features.ndim not in (2, 3, 4):
            raise ParameterError(
                f"the layer {self.configuration['layer']!r} of the encoder {self.name!r} gives "
                f"{_describe_type_and_shape(features)} where a tensor [n, d], [n, tokens, c] or "
                "[n, c, h, w] can be pooled; name another layer"
            )
        return (features if features.ndim == 2 else self._pool(features)).float()

    def _resize_and_normalise(self, pixels: Tensor) -> Tensor:
        if self._size is not None and pixels.shape[2:] != (self._size, self._size):
            pixels = nn.functional.interpolate(
                pixels, (self._size, self._size), mode="bilinear", antialias=True
            )
        return (pixels - self._mean) / self._std


def _find_layer(module: nn.Module, name: str) -> nn.Module:
    layers: dict[str, nn.Module] = dict(module.named_modules())
    if name not in layers:
        known = [each for each in layers if each and "." not in each]
        raise ParameterError(
            f"the module has no layer {name!r}; its outermost are {', '.join(known)}, and "
            "named_modules() lists all"
        )
    return layers[name]


def _checked_mean_and_std(
    mean: Sequence[float], std: Sequence[float], device: torch.device
) -> tuple[Tensor, Tensor]:
    found = [np.asarray(each, dtype=np.float32) for each in (mean, std)]
    if any(each.shape != (3,) or not np.isfinite(each).all() for each in found) or min(std) <= 0:
        raise ParameterError(
            f"the normalisation constants {list(mean)} and {list(std)} came; give three finite "
            "means and three positive standard deviations, for red, green and blue in [0, 1]"
        )
    first, second = (torch.from_numpy(each).to(device).view(1, 3, 1, 1) for each in found)
    return first, second


def _describe_type_and_shape(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {list(value.shape)}"
    return "nothing" if value is None else f"a {type(value).__name__}"
