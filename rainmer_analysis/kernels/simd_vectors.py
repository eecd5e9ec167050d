"""Straight-line code on vectors of 16 float32 numbers, written out for the compiler.

A compiler that cannot prove that two arrays do not overlap gives up on loops with dozens of
streams, as Winograd's transforms have. So the body of such a loop is generated: a Python function
adds, subtracts and multiplies `Vector` objects, and each operation becomes one instruction of the
compiled code. A processor with narrower registers gets the same code in pieces.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numba
from llvmlite import binding, ir
from numba import types
from numba.core import event

__all__ = [
    "BFLOAT16",
    "LANES",
    "WIDE",
    "FlatArray",
    "Pairs",
    "Vector",
    "compiled",
    "inlined",
    "strided_offsets",
]

_log = logging.getLogger(__name__)

LANES = 16
# whether the processor rounds to bfloat16, and multiplies pairs of such numbers, by itself; where
# the compiler is told to work for another processor, nothing is assumed
_TOLD = numba.config.CPU_NAME or numba.config.CPU_FEATURES or not numba.config.ENABLE_AVX
try:
    _FEATURES = {} if _TOLD else binding.get_host_cpu_features()
except RuntimeError:  # LLVM has no names for what this host can do
    _FEATURES = {}
BFLOAT16 = _FEATURES.get("avx512bf16", False)
WIDE = _FEATURES.get("avx512f", False)  # 32 registers of 16 numbers
binding.initialize_native_asmparser()  # those instructions are written by name
_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_WORDS = ir.VectorType(ir.IntType(32), LANES)
_HALVES = ir.VectorType(ir.IntType(16), LANES)


class _Notice(event.Listener):  # type: ignore[misc]
    """Says once in a process that functions are being compiled, which takes seconds."""

    def __init__(self) -> None:
        self.functions: set[Callable[..., Any]] = set()
        self.given = False

    def on_start(self, event: Any) -> None:
        if self.given or event.data["dispatcher"].py_func not in self.functions:
            return
        self.given = True
        _log.info(
            "compiling the encoder's inner loops for this processor; that takes some seconds, and "
            "is done once if the package's folder or the cache folder of numba can be written to "
            "(NUMBA_CACHE_DIR names another)"
        )

    def on_end(self, event: Any) -> None:
        """Say nothing."""


notice = _Notice()
event.register("numba:compile", notice)


def _digest(folder: Path) -> str:
    """Return the SHA-256 of the sources in a folder and those below it."""
    sources = sorted(folder.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


_SOURCES = _digest(Path(__file__).parent)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function that runs without the interpreter's lock; keep its machine code.

    The code lies beside the source, or in the user's cache where that cannot be written to; where
    neither can, each process compiles for itself. Compiling is announced in the log.
    """
    notice.functions.add(function)
    try:
        made = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba found no folder that it may write to
        return numba.njit(nogil=True)(function)
    kept = getattr(getattr(made, "_cache", None), "_cache_file", None)
    if kept is not None:  # numba looks at this function's file, but what is inlined lies in others
        kept._source_stamp = (kept._source_stamp, _SOURCES)
    return made


def inlined(function: Callable[..., Any]) -> Any:
    """Make a function part of those `compiled` ones that call it, and of nothing else."""
    return numba.njit(nogil=True, inline="always")(function)


def _words(value: int) -> ir.Constant:
    return ir.Constant(_WORDS, [value] * LANES)


def strided_offsets(builder: Any, at: Any, step: Any, count: int) -> list[Any]:
    """Return `count` offsets from `at` on, `step` apart."""
    found = [at]
    for _ in range(count - 1):
        found.append(builder.add(found[-1], step))
    return found


class Vector:
    """16 numbers of the code being generated; Python's numbers stand for 16 equal ones."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    @classmethod
    def zero(cls, builder: Any) -> Vector:
        """Return zeros."""
        return cls(builder, ir.Constant(_FLOATS, [0.0] * LANES))

    @classmethod
    def all(cls, builder: Any, number: Any) -> Vector:
        """Return one number, float32, in all places."""
        empty = ir.Constant(_FLOATS, ir.Undefined)
        alone = builder.insert_element(empty, number, ir.IntType(32)(0))
        return cls(builder, builder.shuffle_vector(alone, empty, _words(0)))

    def _with(self, other: Vector | float) -> Any:
        if isinstance(other, Vector):
            return other.value
        return ir.Constant(_FLOATS, [float(other)] * LANES)

    def _apply(self, instruction: str, other: Vector | float) -> Vector:
        # "contract" lets a product and a sum become one instruction
        made = getattr(self.builder, instruction)(
            self.value, self._with(other), flags=("contract",)
        )
        return Vector(self.builder, made)

    def __add__(self, other: Vector | float) -> Vector:
        return self._apply("fadd", other)

    def __sub__(self, other: Vector | float) -> Vector:
        return self._apply("fsub", other)

    def __mul__(self, other: Vector | float) -> Vector:
        return self._apply("fmul", other)

    __rmul__ = __mul__

    def maximum(self, other: Vector | float) -> Vector:
        """Return the larger number in each place; NaN stays NaN."""
        bound = self._with(other)
        chosen = self.builder.fcmp_unordered(">", self.value, bound)
        return Vector(self.builder, self.builder.select(chosen, self.value, bound))

    def multiply_add(self, factor: Vector, total: Vector) -> Vector:
        """Return the total and the products with `factor`."""
        return total + self * factor


class Pairs:
    """16 pairs of bfloat16, for a processor with `BFLOAT16`."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def multiply_add(self, factor: Pairs, total: Vector) -> Vector:
        """Return the total and both products of each pair."""
        kind = ir.FunctionType(_FLOATS, [_FLOATS, _WORDS, _WORDS])
        given = [total.value, self.value, factor.value]
        made = self.builder.asm(kind, "vdpbf16ps $3, $2, $0", "=v,0,v,v", given, False)
        return Vector(self.builder, made)


class FlatArray:
    """A flat, contiguous array of the code being generated.

    Parameters
    ----------
    made
        Context and builder.
    kind
        Numba's type of the array: float32, uint16 that holds bfloat16, or none.
    array
        The array.
    """

    def __init__(self, made: tuple[Any, Any], kind: Any, array: Any) -> None:
        self._builder = made[1]
        self._kind = kind
        if not isinstance(kind, types.NoneType):
            assert kind.dtype in (types.float32, types.uint16), kind
            self._data = made[0].make_array(kind)(*made, array).data

    def _place(self, at: Any, vector: Any) -> Any:
        pointer = self._builder.gep(self._data, [at])
        return self._builder.bitcast(pointer, vector.as_pointer())

    def load(self, at: Any) -> Vector:
        """Return the 16 numbers that start at element `at`; none holds zeros everywhere."""
        build = self._builder
        if isinstance(self._kind, types.NoneType):
            return Vector.zero(build)
        if self._kind.dtype == types.float32:
            return Vector(build, build.load(self._place(at, _FLOATS), align=4))
        raw = build.load(self._place(at, _HALVES), align=2)
        wide = build.shl(build.zext(raw, _WORDS), _words(16))
        return Vector(build, build.bitcast(wide, _FLOATS))

    @property
    def is_bfloat16_pair(self) -> bool:
        """Whether numbers are taken in pairs: bfloat16 on a processor with `BFLOAT16`."""
        return bool(BFLOAT16 and self._kind.dtype == types.uint16)

    def broadcast(self, at: Any) -> Any:
        """Return number at element `at` in all places, or, with `pairs`, it and the next one."""
        build, half = self._builder, self._kind.dtype == types.uint16
        kind = (
            ir.IntType(32) if self.is_bfloat16_pair else ir.IntType(16) if half else ir.FloatType()
        )
        pointer = build.bitcast(build.gep(self._data, [at]), kind.as_pointer())
        number = build.load(pointer, align=2 if half else 4)
        if half and not self.is_bfloat16_pair:
            wide = build.shl(build.zext(number, ir.IntType(32)), ir.IntType(32)(16))
            number = build.bitcast(wide, ir.FloatType())
        if not self.is_bfloat16_pair:
            return Vector.all(build, number)
        empty = ir.Constant(_WORDS, ir.Undefined)
        alone = build.insert_element(empty, number, ir.IntType(32)(0))
        return Pairs(build, build.shuffle_vector(alone, empty, _words(0)))

    def load_pairs(self, at: Any) -> Pairs:
        """Return the 16 pairs, as wide as float32, that start at element `at`."""
        return Pairs(self._builder, self._builder.load(self._place(at, _WORDS), align=4))

    def load_neighbours(self, places: Sequence[Any]) -> list[Pairs]:
        """Pair the numbers at each place with those at the next; the last ones with zeros."""
        build, singles = self._builder, []
        for at in places:
            raw = build.load(self._place(at, _HALVES), align=2)
            singles.append(build.zext(raw, _WORDS))
        uppers = [build.shl(single, _words(16)) for single in singles[1:]]
        pairs = [build.or_(low, up) for low, up in zip(singles, uppers, strict=False)]
        return [Pairs(build, value) for value in [*pairs, singles[-1]]]

    def store(self, at: Any, vector: Vector) -> None:
        """Put 16 numbers at element `at`; bfloat16 is rounded to nearest, ties to even."""
        build = self._builder
        if self._kind.dtype == types.float32:
            build.store(vector.value, self._place(at, _FLOATS), align=4)
            return
        if BFLOAT16:
            kind = ir.FunctionType(_HALVES, [_FLOATS])
            half = build.asm(kind, "vcvtneps2bf16 $1, $0", "=v,v", [vector.value], False)
            build.store(half, self._place(at, _HALVES), align=2)
            return
        bits = build.bitcast(vector.value, _WORDS)
        odd = build.and_(build.lshr(bits, _words(16)), _words(1))
        rounded = build.add(bits, build.add(odd, _words(0x7FFF)))
        half = build.trunc(build.lshr(rounded, _words(16)), _HALVES)
        build.store(half, self._place(at, _HALVES), align=2)
