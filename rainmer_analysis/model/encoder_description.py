"""The encoder described by plain data, so that a drawing of it needs no torch.

Shapes come from a real forward pass, operations and parameter counts from the live layers:
a change of the network changes its picture.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from rainmer_analysis.model.encoder import SLOPE, EncoderOutput, RainmerEncoder
from rainmer_analysis.model.experts import EXPERTS, Gate, Stage
from rainmer_analysis.model.pooling_and_precision import GlobalMean

__all__ = ["Block", "describe_encoder"]


@dataclass(frozen=True)
class Block:
    """One box of the architecture.

    Parameters
    ----------
    name
        What it is called, ``"stage 2"``.
    kind
        What it is: ``encoder``, ``mixture``, ``gate``, ``stage``, ``expert``, ``projector``,
        ``residual``, ``squeeze-excite``, ``group``, ``conv``, ``linear``, ``activation``,
        ``softmax``, ``sum``, ``pool`` or ``norm``.
    operation
        What it does, in words short enough for a box.
    shape
        Its output for one image: channels, height, width; a vector's length; for the gate
        stages and experts.
    parameters
        How many numbers are learnt in it, children included.
    children
        What it consists of, in order of execution.
    """

    name: str
    kind: str
    operation: str
    shape: tuple[int, ...]
    parameters: int
    children: tuple[Block, ...] = ()

    def walk(self) -> Iterator[Block]:
        """Return this block and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, name: str) -> Block:
        """Return the first block of this name at or below this one; KeyError if there is none."""
        for block in self.walk():
            if block.name == name:
                return block
        raise KeyError(name)


def describe_encoder(encoder: RainmerEncoder, *, height: int = 128, width: int = 128) -> Block:
    """Describe a live encoder for images of a size.

    Parameters
    ----------
    encoder
        The module; it is left as it was.
    height, width
        Size of the images, pixels, at least 8 each.

    Returns
    -------
    The tree of its blocks: patch embedding, mixture (gate, preprocessing, four stages of eight
    experts), chromatic and degradation projector; ``parameters`` is that of the module.
    """
    shapes, output = _trace_output_shapes(encoder, height, width)
    mixture = encoder.MoEs
    detail = Block(
        "detail map", "pool", "mean 8×8, stride 8", _shape_without_batch(output.detail_map), 0
    )
    moe = [_gate_block(mixture.gate, shapes)]
    moe += [_sequence_block("preprocessing", mixture.expert_stages.preprocess.op, shapes)]
    moe += [
        _stage_block(f"stage {i + 1}", cast(Stage, stage), shapes)
        for i, stage in enumerate(mixture.expert_stages._ops)
    ]
    location = _shape_without_batch(output.location)
    children = [
        _layer_block("patch embedding", encoder.conv.proj, shapes),
        _group_block(
            "mixture of experts", "mixture", f"{len(moe) - 2} gated stages", location, moe
        ),
        _projector_block("chromatic", encoder.Atom.chromatic_enc, shapes),
        _projector_block("degradation", encoder.Atom.degra_enc, shapes, detail),
    ]
    return _group_block("encoder", "encoder", "image → knowledge", (3, height, width), children)


_Shapes = Mapping[nn.Module, tuple[int, ...]]


def _trace_output_shapes(
    encoder: RainmerEncoder, height: int, width: int
) -> tuple[_Shapes, EncoderOutput]:
    """Pass one image through and record the output shape of every layer.

    A copy without storage does it: shapes follow from the layers, and nothing is computed.
    """
    twin = copy.deepcopy(encoder).to("meta")
    layers = dict(zip(twin.modules(), encoder.modules(), strict=True))
    shapes: dict[nn.Module, tuple[int, ...]] = {}

    def record_shape(layer: nn.Module, _inputs: Any, output: object) -> None:
        if isinstance(output, Tensor):
            shapes[layers[layer]] = _shape_without_batch(output)

    for layer in layers:
        layer.register_forward_hook(record_shape)
    with torch.no_grad():
        image = torch.empty(1, 3, height, width).to(next(twin.parameters()))
        output: EncoderOutput = twin(image)
        # A stage runs its experts and its fusion in parts; here each runs whole.
        for stage in twin.MoEs.expert_stages._ops:
            cast(Stage, stage).run_as_published(output.location)
    return shapes, output


def _shape_without_batch(tensor: Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape[1:])


def _group_block(
    name: str, kind: str, operation: str, shape: tuple[int, ...], children: Iterable[Block]
) -> Block:
    blocks = tuple(children)
    return Block(name, kind, operation, shape, sum(b.parameters for b in blocks), blocks)


def _layer_block(name: str, layer: nn.Module, shapes: _Shapes) -> Block:
    parameters = sum(parameter.numel() for parameter in layer.parameters())
    return Block(name, _layer_kind(layer), _layer_operation(layer), shapes[layer], parameters)


def _sequence_block(name: str, layers: nn.Module, shapes: _Shapes, kind: str = "group") -> Block:
    """Describe layers that run one after the other."""
    children = [_layer_block(_layer_operation(layer), layer, shapes) for layer in layers.children()]
    operation = ", ".join(child.operation for child in children)
    return _group_block(name, kind, operation, children[-1].shape, children)


def _layer_kind(layer: nn.Module) -> str:
    kinds = {nn.Conv2d: "conv", nn.Linear: "linear", nn.AvgPool2d: "pool", GlobalMean: "pool"}
    return next((kind for type_, kind in kinds.items() if isinstance(layer, type_)), "activation")


def _layer_operation(layer: nn.Module) -> str:
    """Say what a layer does, from its own attributes."""
    if isinstance(layer, nn.Conv2d):
        side = f"{layer.kernel_size[0]}×{layer.kernel_size[1]}"
        if layer.groups > 1:
            dilation = f", dilation {layer.dilation[0]}" if layer.dilation[0] > 1 else ""
            return f"depthwise {side}{dilation}"
        return f"conv {side}, {layer.in_channels}→{layer.out_channels}"
    if isinstance(layer, nn.Linear):
        return f"linear {layer.in_features}→{layer.out_features}"
    if isinstance(layer, nn.AvgPool2d):
        return f"mean {layer.kernel_size}×{layer.kernel_size}"
    if isinstance(layer, nn.LeakyReLU):
        return f"LeakyReLU {layer.negative_slope:g}"
    return "global mean" if isinstance(layer, GlobalMean) else type(layer).__name__


def _gate_block(gate: Gate, shapes: _Shapes) -> Block:
    first = next(gate.ca_fc.children())
    pooled = Block("global mean", "pool", "global mean", (cast(nn.Linear, first).in_features,), 0)
    layers = _sequence_block("", gate.ca_fc, shapes).children
    stages, experts = shapes[gate]
    soft = Block("softmax", "softmax", f"softmax over {experts} experts", (stages, experts), 0)
    children = [pooled, *layers, soft]
    operation = ", ".join(child.operation for child in children)
    return _group_block("gate", "gate", operation, (stages, experts), children)


def _stage_block(name: str, stage: Stage, shapes: _Shapes) -> Block:
    experts = []
    for (kind, side), expert in zip(EXPERTS, stage._ops, strict=True):
        label = f"{kind} {side}×{side}"
        if isinstance(expert, nn.AvgPool2d):
            experts.append(_layer_block(label, expert, shapes))
        else:
            experts.append(_sequence_block(label, cast(nn.Module, expert.op), shapes))
    experts = [replace(expert, kind="expert") for expert in experts]
    fusion = _sequence_block("fusion", stage._out, shapes)
    total = Block("sum", "sum", "plus the stage's input, ReLU", shapes[stage], 0)
    operation = f"{len(experts)} gated experts, fusion, residual"
    return _group_block(name, "stage", operation, shapes[stage], [*experts, fusion, total])


def _projector_block(name: str, layers: nn.Sequential, shapes: _Shapes, *more: Block) -> Block:
    conv, activation, residual = layers
    vector = shapes[layers][:1]
    children = [
        _layer_block("projection", conv, shapes),
        _layer_block("activation", activation, shapes),
        _residual_block(residual, shapes),
        Block(f"{name} p", "pool", "global mean", vector, 0),
        Block(f"{name} z", "norm", "unit length", vector, 0),
        *more,
    ]
    return _group_block(f"{name} projector", "projector", "map → unit vector", vector, children)


def _residual_block(block: nn.Module, shapes: _Shapes) -> Block:
    shape = shapes[block]
    activation = f"LeakyReLU {SLOPE:g}"
    parts = dict(block.named_children())
    children = [
        _layer_block("conv 1", parts["conv1"], shapes),
        _squeeze_block("squeeze-excite 1", parts["se1"], shapes),
        Block("activation", "activation", activation, shape, 0),
        _layer_block("conv 2", parts["conv2"], shapes),
        _squeeze_block("squeeze-excite 2", parts["se2"], shapes),
        Block("sum", "sum", f"plus the block's input, {activation}", shape, 0),
    ]
    return _group_block("residual block", "residual", "two convolutions with SE", shape, children)


def _squeeze_block(name: str, layer: nn.Module, shapes: _Shapes) -> Block:
    inner = _sequence_block(name, next(layer.children()), shapes, "squeeze-excite")
    return replace(inner, operation=f"{inner.operation}, scale", shape=shapes[layer])
