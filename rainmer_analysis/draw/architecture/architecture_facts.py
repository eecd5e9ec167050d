"""What figure 1 says in numbers, read from a description of the module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rainmer_analysis.errors import ParameterError

__all__ = ["ArchitectureFacts", "BlockDescription", "read_architecture_facts"]


class BlockDescription(Protocol):
    """A block of the architecture as plain data; the model's room makes such trees."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def kind(self) -> str:
        """What it is, as in ``stage`` or ``conv``."""
        ...

    @property
    def operation(self) -> str:
        """What it does, in words short enough for a box."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Its output for one image."""
        ...

    @property
    def parameters(self) -> int:
        """How many numbers are learnt in it."""
        ...

    @property
    def children(self) -> Sequence[BlockDescription]:
        """What it consists of, in order."""
        ...


@dataclass(frozen=True)
class ArchitectureFacts:
    """What the drawing says in numbers; counts are of parameters."""

    dim: int
    base: int
    gate_hidden: int
    se_hidden: int
    stages: int
    experts: tuple[tuple[str, str, int], ...]
    patch: int
    gate: int
    preprocess: int
    stage: int
    fusion: int
    projector: int
    entry: int
    conv: int
    se: int
    total: int


def read_architecture_facts(root: BlockDescription) -> ArchitectureFacts:
    """Read the numbers of the drawing from a description.

    Raises ParameterError: a block is missing, or the counts do not add up.
    """
    try:
        return _collect_facts(root)
    except (IndexError, ValueError) as error:
        raise ParameterError(
            f"the description {root.name!r} came for figure 1, but it is not one of Rainmer's "
            f"encoder ({error}); describe a RainmerEncoder"
        ) from error


def _collect_facts(root: BlockDescription) -> ArchitectureFacts:
    patch, mixture = _blocks_of_kind(root, "conv")[0], _blocks_of_kind(root, "mixture")[0]
    gate, stages = _blocks_of_kind(mixture, "gate")[0], _blocks_of_kind(mixture, "stage")
    projectors = _blocks_of_kind(root, "projector")
    experts, entry = _blocks_of_kind(stages[0], "expert"), _blocks_of_kind(projectors[0], "conv")[0]
    residual = _blocks_of_kind(projectors[0], "residual")[0]
    excite = _blocks_of_kind(residual, "squeeze-excite")[0]
    if len(projectors) != 2 or len(stages) > 9:
        raise ValueError(f"it has {len(projectors)} projectors and {len(stages)} stages")
    facts = ArchitectureFacts(
        dim=patch.shape[0],
        base=entry.shape[0],
        gate_hidden=_blocks_of_kind(gate, "linear")[0].shape[0],
        se_hidden=_blocks_of_kind(excite, "conv")[0].shape[0],
        stages=len(stages),
        experts=tuple((e.name, _layers_in_words(e), e.parameters) for e in experts),
        patch=patch.parameters,
        gate=gate.parameters,
        preprocess=mixture.parameters - gate.parameters - sum(s.parameters for s in stages),
        stage=stages[0].parameters,
        fusion=stages[0].parameters - sum(e.parameters for e in experts),
        projector=projectors[0].parameters,
        entry=entry.parameters,
        conv=_blocks_of_kind(residual, "conv")[0].parameters,
        se=excite.parameters,
        total=root.parameters,
    )
    parts = facts.patch + facts.gate + facts.preprocess
    parts += facts.stages * facts.stage + 2 * facts.projector
    inner = facts.entry + 2 * (facts.conv + facts.se)
    if parts != facts.total or inner != facts.projector:
        raise ValueError(f"its parts have {parts} parameters and it says {facts.total}")
    return facts


def _blocks_of_kind(block: BlockDescription, kind: str) -> list[BlockDescription]:
    found = [child for child in block.children if child.kind == kind]
    if not found:
        raise ValueError(f"{block.name!r} holds no block of kind {kind!r}")
    return found


def _layers_in_words(expert: BlockDescription) -> str:
    """Say what an expert does in a line: depthwise and pointwise layers in their order."""
    words = [child.operation for child in expert.children] or [expert.operation]
    short = [
        "pw" if word.startswith("conv 1×1") else word.replace("depthwise", "dw") for word in words
    ]
    return ", ".join(short).replace(", dilation", " dilation")
