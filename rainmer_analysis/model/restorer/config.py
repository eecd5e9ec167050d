"""What a restorer is, as data: its widths and the eight published variants.

The variants differ in four things only: how the two prompts are fused, where the result enters
a decoder block, which knowledge is given, and whether local knowledge is fused at inference.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.encoder import EncoderConfig

__all__ = ["ATOMS", "LEVELS", "NORMS", "PLACES", "TIES", "VARIANTS", "RestorerConfig", "Variant"]

LEVELS = 4
ATOMS = ("chromatic", "degradation", "detail")
PLACES = ("attention", "residual")
NORMS = ("WithBias", "BiasFree")
TIES = ("lowest", "published")


@dataclass(frozen=True)
class Variant:
    """One published variant.

    Parameters
    ----------
    name
        The published module's name.
    fusion
        Rule that fuses the two prompts: ``"sum"``, ``"chr-alpha"`` or ``"detg-alpha"``.
    place
        Where prompts enter a decoder block: ``"attention"`` (they read the attention's output
        and are added to it) or ``"residual"`` (they read the stream after the attention).
    atoms
        Knowledge that is given as prompts. ``detail`` and ``degradation`` are one vector.
    local_at_inference
        Whether local knowledge is fused in eval mode. In training mode it always is, in all
        variants: an asymmetry of the published code, kept for its weights.
    """

    name: str
    fusion: str = "sum"
    place: str = "attention"
    atoms: tuple[str, ...] = ATOMS
    local_at_inference: bool = True


VARIANTS: MappingProxyType[str, Variant] = MappingProxyType(
    {
        variant.name: variant
        for variant in (
            Variant("Rainmer_SA"),
            Variant("Rainmer_SA_chralpha", fusion="chr-alpha"),
            Variant("Rainmer_SA_detgalpha", fusion="detg-alpha"),
            Variant("Rainmer_SA_detgalpha_resprompt", fusion="detg-alpha", place="residual"),
            Variant("Rainmer_SA_wochr", atoms=("degradation", "detail")),
            Variant("Rainmer_SA_wodetg", atoms=("chromatic",)),
            Variant("Rainmer_SA_wolocf", local_at_inference=False),
            Variant("Rainmer_SA_baseline", atoms=(), local_at_inference=False),
        )
    }
)


@dataclass(frozen=True)
class RestorerConfig:
    """Widths and behaviour of a restorer; the defaults are the published ones.

    Parameters
    ----------
    variant
        A name in `VARIANTS`.
    dim
        Channels at full resolution; each level below has twice as many. Also the width of the
        encoder's local knowledge, which is fused at full resolution.
    base_dim
        Length of a prompt.
    gate_hidden, se_hidden
        Hidden units of the gates and of the encoder's squeeze-and-excite.
    blocks
        Blocks of the three encoder levels and the latent level; decoders mirror the former.
    heads
        Attention heads of the same four levels.
    expansion
        Hidden channels of a feed-forward per channel, rounded down.
    bias
        Whether the convolutions of the blocks have biases.
    norm
        ``"WithBias"``, or ``"BiasFree"``: divided by the deviation, not centred, no bias.
    atoms
        Knowledge that is given as prompts; None for the variant's own.
    ties
        How equal attentions are ranked, see ``modules.channel_selection``: ``"lowest"`` or
        ``"published"``.

    Examples
    --------
    >>> RestorerConfig("Rainmer_SA_wodetg").knowledge
    ('chromatic',)
    """

    variant: str = "Rainmer_SA"
    dim: int = 48
    base_dim: int = 128
    gate_hidden: int = 64
    se_hidden: int = 8
    blocks: tuple[int, ...] = (4, 6, 6, 8)
    heads: tuple[int, ...] = (1, 2, 4, 8)
    expansion: float = 2.66
    bias: bool = False
    norm: str = "WithBias"
    atoms: tuple[str, ...] | None = None
    ties: str = "lowest"

    def __post_init__(self) -> None:
        _check_one_of("variant", self.variant, tuple(VARIANTS))
        _check_one_of("norm", self.norm, NORMS)
        _check_one_of("ties", self.ties, TIES)
        if self.atoms is not None and not isinstance(self.atoms, tuple):
            msg = f"knowledge of a restorer is {self.atoms!r}; give a tuple of names or None"
            raise ParameterError(msg)
        for atom in self.atoms or ():
            _check_one_of("knowledge", atom, ATOMS)
        for name in ("dim", "base_dim", "gate_hidden", "se_hidden"):
            _check_whole_number(name, getattr(self, name))
        for name in ("blocks", "heads"):
            _check_four_numbers(name, getattr(self, name))
        if not isinstance(self.bias, bool):
            msg = f"bias of a restorer is {self.bias!r}; give True or False"
            raise ParameterError(msg)
        self._check_expansion_and_widths()

    def _check_expansion_and_widths(self) -> None:
        number = isinstance(self.expansion, int | float) and not isinstance(self.expansion, bool)
        # Written so that NaN is refused too.
        if not number or not 1 / self.dim <= self.expansion <= 64:
            msg = (
                f"expansion of a restorer is {self.expansion!r}; "
                "give a number from 1/dim to 64, such as the published 2.66"
            )
            raise ParameterError(msg)
        if self.dim % 2:
            msg = (
                f"dim of a restorer is {self.dim}, but downsampling halves it; give an even number"
            )
            raise ParameterError(msg)
        for width, heads in zip(self.level_widths, self.heads, strict=True):
            if width % heads or width // heads < 2:
                msg = (
                    f"{heads} heads do not divide {width} channels into equal parts of at least "
                    "2 channels; give other heads or another dim"
                )
                raise ParameterError(msg)

    @property
    def variant_traits(self) -> Variant:
        """What the variant is."""
        return VARIANTS[self.variant]

    @property
    def knowledge(self) -> tuple[str, ...]:
        """Knowledge given as prompts, the variant's own unless it was chosen."""
        return self.variant_traits.atoms if self.atoms is None else self.atoms

    @property
    def level_widths(self) -> tuple[int, ...]:
        """Channels of the four levels."""
        return tuple(self.dim << level for level in range(LEVELS))

    @property
    def encoder_config(self) -> EncoderConfig:
        """Widths of the encoder inside."""
        return EncoderConfig(self.dim, self.base_dim, self.gate_hidden, self.se_hidden)


def _check_one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        msg = f"{name} of a restorer is {value!r}; give one of {', '.join(allowed)}"
        raise ParameterError(msg)


def _check_whole_number(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        msg = f"{name} of a restorer is {value!r}; give a whole number from 1 up"
        raise ParameterError(msg)


def _check_four_numbers(name: str, value: object) -> None:
    if not isinstance(value, tuple) or len(value) != LEVELS:
        msg = f"{name} of a restorer are {value!r}; give a tuple of {LEVELS} whole numbers"
        raise ParameterError(msg)
    for number in value:
        _check_whole_number(name, number)
