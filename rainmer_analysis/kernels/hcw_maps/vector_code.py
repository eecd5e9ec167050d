"""Vectors as wide as the processor's registers, for code that is written out for the compiler."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from rainmer_analysis.kernels.simd_vectors import WIDE

__all__ = ["COLUMNS", "NATIVE", "VECTORS", "VectorCode"]

NATIVE = 16 if WIDE else 8  # float32 numbers of a register
VECTORS = 2  # registers of neighbours that a block of outputs takes
COLUMNS = VECTORS * NATIVE  # columns of a block

_FLOATS = ir.VectorType(ir.FloatType(), NATIVE)
_FIRST = ir.Constant(ir.VectorType(ir.IntType(32), NATIVE), [0] * NATIVE)


class VectorCode:
    """Writes vector instructions.

    Parameters
    ----------
    context, builder
        What numba hands to an intrinsic.
    """

    def __init__(self, context: Any, builder: Any) -> None:
        self.context, self.builder = context, builder

    def data_pointer(self, numba_type: Any, array: Any) -> Any:
        """Return the pointer to the first number of a flat float32 array."""
        assert numba_type.dtype == types.float32, numba_type
        return self.context.make_array(numba_type)(self.context, self.builder, array).data

    def zero(self) -> Any:
        """Return a vector of zeros."""
        return ir.Constant(_FLOATS, [0.0] * NATIVE)

    def _pointer(self, data: Any, index: Any) -> Any:
        return self.builder.bitcast(self.builder.gep(data, [index]), _FLOATS.as_pointer())

    def load(self, data: Any, index: Any) -> Any:
        """Return the vector that starts at element `index`."""
        return self.builder.load(self._pointer(data, index), align=4)

    def store(self, data: Any, index: Any, value: Any) -> None:
        """Put a vector at element `index`."""
        self.builder.store(value, self._pointer(data, index), align=4)

    def load_broadcast(self, data: Any, index: Any) -> Any:
        """Return the number at element `index` in all places of a vector."""
        build = self.builder
        number = build.load(build.gep(data, [index]), align=4)
        empty = ir.Constant(_FLOATS, ir.Undefined)
        alone = build.insert_element(empty, number, ir.IntType(32)(0))
        return build.shuffle_vector(alone, empty, _FIRST)

    def fma(self, a: Any, b: Any, total: Any) -> Any:
        """Return ``a * b + total``, in one instruction where the processor has it."""
        product = self.builder.fmul(a, b, flags=("contract",))
        return self.builder.fadd(product, total, flags=("contract",))

    def add(self, a: Any, b: Any) -> Any:
        """Return ``a + b``."""
        return self.builder.fadd(a, b)

    def relu(self, a: Any) -> Any:
        """Return the larger of `a` and 0; NaN stays NaN."""
        above = self.builder.fcmp_unordered(">", a, self.zero())
        return self.builder.select(above, a, self.zero())

    def moved_index(self, index: Any, *strides_and_counts: tuple[Any, int]) -> Any:
        """Return `index` moved by so many times each step."""
        for stride, count in strides_and_counts:
            if count:
                index = self.builder.add(
                    index, self.builder.mul(stride, ir.Constant(index.type, count))
                )
        return index
