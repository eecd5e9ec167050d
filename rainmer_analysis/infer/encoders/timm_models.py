"""Models of timm as encoders; timm is an optional dependency."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import ParameterError, WeightsError
from rainmer_analysis.infer.encoders.module_encoder import ModuleEncoder
from rainmer_analysis.model.read_checkpoint import read_checkpoint

__all__ = ["timm_encoder"]


def timm_encoder(
    name: str,
    model: str,
    weights: str | Path | None = None,
    *,
    device: str = "cpu",
    layer: str = "",
    pooling: str = "mean",
    fit_size: bool = True,
) -> ModuleEncoder:
    """Return a model of timm as an encoder, with the normalisation that timm states for it.

    Parameters
    ----------
    name
        As in the entry point that makes the encoder.
    model
        What ``timm.create_model`` takes, such as ``resnet18.a1_in1k``.
    weights
        A safetensors file or state dict of the model; by default timm's pretrained weights, which
        timm fetches once and keeps.
    device
        Where the model runs.
    layer
        Dotted name of a layer; by default the model's features before its classifier, pooled as
        the model pools them.
    pooling
        A name in `POOLINGS`, for a layer that gives more than one vector an image.
    fit_size
        Whether images are brought to the size that the model was trained on, which transformers
        need; without it they pass as they come, 128x128.

    Raises
    ------
    ParameterError
        timm is not installed, or has no such model.
    WeightsError
        The weights cannot be read or do not fit.
    """
    timm = _import_timm()
    try:
        module = timm.create_model(model, pretrained=weights is None, num_classes=0)
    except (RuntimeError, ValueError, TypeError) as error:
        raise ParameterError(
            f"timm {timm.__version__} cannot make the model {model!r} ({error}); "
            "timm.list_models() lists those that it has"
        ) from error
    if weights is not None:
        _load_state_dict_without_classifier(module, Path(weights))
    stated = timm.data.resolve_model_data_config(module)
    return ModuleEncoder(
        name,
        module,
        layer=layer,
        pooling=pooling,
        mean=stated["mean"],
        std=stated["std"],
        size=int(stated["input_size"][-1]) if fit_size else None,
        device=device,
        identity=f"timm {model}",
    )


def _import_timm() -> Any:
    try:
        timm = importlib.import_module("timm")
        importlib.import_module("timm.data")
    except (ImportError, RuntimeError) as error:
        raise ParameterError(
            f"models of timm need the package timm, which cannot be imported ({error}); install it "
            "with pip install 'rainmer-analysis[timm]', and the torchvision that fits your torch"
        ) from error
    return timm


def _load_state_dict_without_classifier(module: Any, path: Path) -> None:
    """Load a state dict; entries of a classifier are left out, as the features do not need it."""
    entries, _ = read_checkpoint(path)
    wanted = module.state_dict()
    missing = sorted(set(wanted) - set(entries))
    other = [
        name for name in wanted if name in entries and entries[name].shape != wanted[name].shape
    ]
    if missing or other:
        which = (missing or other)[0]
        raise WeightsError(
            f"{path} does not fit the model: {len(missing)} tensors are missing and {len(other)} "
            f"have another shape, the first of them {which!r}; give the weights of this very model"
        )
    module.load_state_dict({name: entries[name] for name in wanted})
