"""Straight-line code on vectors of 16 float32 numbers, written out for the compiler.

A compiler that cannot prove that two arrays do not overlap gives up on loops with dozens of
streams, as Winograd's transforms have. So the body of such a loop is generated: a Python function
adds, subtracts and multiplies `Vector` objects, and each operation becomes one instruction of the
compiled code. A processor with narrower registers gets the same code in pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
from llvmlite import binding, ir
from numba import types

__all__ = ["BFLOAT16", "LANES", "WIDE", "Bfloat16Pairs", "FlatArray", "Vector", "strided_offsets"]

LANES = 16
# whether the processor rounds to bfloat16, and multiplies pairs of such numbers, by itself; where
# the compiler works for another processor, nothing is assumed
_OTHER_PROCESSOR = numba.config.CPU_NAME or numba.config.CPU_FEATURES or not numba.config.ENABLE_AVX
try:
    _FEATURES = {} if _OTHER_PROCESSOR else binding.get_host_cpu_features()
except RuntimeError:  # LLVM has no names for what this host can do
    _FEATURES = {}
BFLOAT16 = _FEATURES.get("avx512bf16", False)
WIDE = _FEATURES.get("avx512f", False)  # 32 registers of 16 numbers
binding.initialize_native_asmparser()  # those instructions are written by name
_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_INT32S = ir.VectorType(ir.IntType(32), LANES)
_INT16S = ir.VectorType(ir.IntType(16), LANES)


def _int32_vector(value: int) -> ir.Constant:
    return ir.Constant(_INT32S, [value] * LANES)


def strided_offsets(builder: Any, start: Any, stride: Any, count: int) -> list[Any]:
    """Return `count` offsets from `start` on, `stride` apart."""
    offsets = [start]
    for _ in range(count - 1):
        offsets.append(builder.add(offsets[-1], stride))
    return offsets


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
    def filled(cls, builder: Any, number: Any) -> Vector:
        """Return one number, float32, in all places."""
        empty = ir.Constant(_FLOATS, ir.Undefined)
        alone = builder.insert_element(empty, number, ir.IntType(32)(0))
        return cls(builder, builder.shuffle_vector(alone, empty, _int32_vector(0)))

    def _operand(self, other: Vector | float) -> Any:
        if isinstance(other, Vector):
            return other.value
        return ir.Constant(_FLOATS, [float(other)] * LANES)

    def _apply(self, instruction: str, other: Vector | float) -> Vector:
        # "contract" lets a product and a sum become one instruction
        made = getattr(self.builder, instruction)(
            self.value, self._operand(other), flags=("contract",)
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
        bound = self._operand(other)
        chosen = self.builder.fcmp_unordered(">", self.value, bound)
        return Vector(self.builder, self.builder.select(chosen, self.value, bound))

    def multiply_add(self, factor: Vector, total: Vector) -> Vector:
        """Return the total and the products with `factor`."""
        return total + self * factor


class Bfloat16Pairs:
    """16 pairs of bfloat16, for a processor with `BFLOAT16`."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def multiply_add(self, factor: Bfloat16Pairs, total: Vector) -> Vector:
        """Return the total and both products of each pair."""
        kind = ir.FunctionType(_FLOATS, [_FLOATS, _INT32S, _INT32S])
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

    def __init__(self, context_and_builder: tuple[Any, Any], numba_type: Any, array: Any) -> None:
        self._builder = context_and_builder[1]
        self._kind = numba_type
        if not isinstance(numba_type, types.NoneType):
            assert numba_type.dtype in (types.float32, types.uint16), numba_type
            self._data = (
                context_and_builder[0].make_array(numba_type)(*context_and_builder, array).data
            )

    def _pointer(self, index: Any, vector_type: Any) -> Any:
        pointer = self._builder.gep(self._data, [index])
        return self._builder.bitcast(pointer, vector_type.as_pointer())

    def load(self, index: Any) -> Vector:
        """Return the 16 numbers that start at element `index`; none holds zeros everywhere."""
        build = self._builder
        if isinstance(self._kind, types.NoneType):
            return Vector.zero(build)
        if self._kind.dtype == types.float32:
            return Vector(build, build.load(self._pointer(index, _FLOATS), align=4))
        raw = build.load(self._pointer(index, _INT16S), align=2)
        wide = build.shl(build.zext(raw, _INT32S), _int32_vector(16))
        return Vector(build, build.bitcast(wide, _FLOATS))

    @property
    def holds_bfloat16_pairs(self) -> bool:
        """Whether numbers are taken in pairs: bfloat16 on a processor with `BFLOAT16`."""
        return bool(BFLOAT16 and self._kind.dtype == types.uint16)

    def load_broadcast(self, index: Any) -> Any:
        """Return the number at element `index` in all places, or, of pairs, it and the next one."""
        build, half = self._builder, self._kind.dtype == types.uint16
        kind = (
            ir.IntType(32)
            if self.holds_bfloat16_pairs
            else ir.IntType(16)
            if half
            else ir.FloatType()
        )
        pointer = build.bitcast(build.gep(self._data, [index]), kind.as_pointer())
        number = build.load(pointer, align=2 if half else 4)
        if half and not self.holds_bfloat16_pairs:
            wide = build.shl(build.zext(number, ir.IntType(32)), ir.IntType(32)(16))
            number = build.bitcast(wide, ir.FloatType())
        if not self.holds_bfloat16_pairs:
            return Vector.filled(build, number)
        empty = ir.Constant(_INT32S, ir.Undefined)
        alone = build.insert_element(empty, number, ir.IntType(32)(0))
        return Bfloat16Pairs(build, build.shuffle_vector(alone, empty, _int32_vector(0)))

    def load_pairs(self, index: Any) -> Bfloat16Pairs:
        """Return the 16 pairs, as wide as float32, that start at element `index`."""
        return Bfloat16Pairs(
            self._builder, self._builder.load(self._pointer(index, _INT32S), align=4)
        )

    def load_neighbour_pairs(self, indices: Sequence[Any]) -> list[Bfloat16Pairs]:
        """Pair the numbers at each place with those at the next; the last ones with zeros."""
        build, singles = self._builder, []
        for index in indices:
            raw = build.load(self._pointer(index, _INT16S), align=2)
            singles.append(build.zext(raw, _INT32S))
        uppers = [build.shl(single, _int32_vector(16)) for single in singles[1:]]
        pairs = [build.or_(low, up) for low, up in zip(singles, uppers, strict=False)]
        return [Bfloat16Pairs(build, value) for value in [*pairs, singles[-1]]]

    def store(self, index: Any, vector: Vector) -> None:
        """Put 16 numbers at element `index`; bfloat16 is rounded to nearest, ties to even."""
        build = self._builder
        if self._kind.dtype == types.float32:
            build.store(vector.value, self._pointer(index, _FLOATS), align=4)
            return
        if BFLOAT16:
            kind = ir.FunctionType(_INT16S, [_FLOATS])
            half = build.asm(kind, "vcvtneps2bf16 $1, $0", "=v,v", [vector.value], False)
            build.store(half, self._pointer(index, _INT16S), align=2)
            return
        bits = build.bitcast(vector.value, _INT32S)
        odd = build.and_(build.lshr(bits, _int32_vector(16)), _int32_vector(1))
        rounded = build.add(bits, build.add(odd, _int32_vector(0x7FFF)))
        half = build.trunc(build.lshr(rounded, _int32_vector(16)), _INT16S)
        build.store(half, self._pointer(index, _INT16S), align=2)
