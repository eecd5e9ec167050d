"""Functions of single numbers, on vectors: what lies between the products of a network.

The exponential is a polynomial of the fraction and a shift of the exponent, exact to 2 units in the
last place; the error function is that of Abramowitz and Stegun, 7.1.26, exact to 1.5e-7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rainmer_analysis.kernels.hcw_maps.vector_code import NATIVE, VectorCode

__all__ = ["add_gelu", "add_silu", "center_and_scale", "fuse_by_gates", "inverse_sqrt", "sigmoid"]

_FLOATS = ir.VectorType(ir.FloatType(), NATIVE)
_WORDS = ir.VectorType(ir.IntType(32), NATIVE)
_FIRST = ir.Constant(_WORDS, [0] * NATIVE)
_LEAST, _MOST = -87.3, 88.0  # whose exponentials float32 holds
_LOG2E, _LN2, _LN2_REST = 1.44269504088896341, 0.693359375, -2.12194440e-4
_ROUND = 12582912.0  # 1.5 * 2**23: what is added to it is rounded to whole numbers
_EXP = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5)
_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
_ERF_SLOPE, _ROOT_HALF = 0.3275911, 0.7071067811865476


class _ElementwiseCode(VectorCode):
    """Writes functions of vectors; Python's numbers stand for vectors of equal ones."""

    def filled(self, number: Any) -> Any:
        """Return a number, of Python or of the code, in all places of a vector."""
        if isinstance(number, float):
            return ir.Constant(_FLOATS, [number] * NATIVE)
        empty = ir.Constant(_FLOATS, ir.Undefined)
        alone = self.builder.insert_element(empty, number, ir.IntType(32)(0))
        return self.builder.shuffle_vector(alone, empty, _FIRST)

    def times(self, a: Any, b: Any) -> Any:
        return self.builder.fmul(a, self.filled(b) if isinstance(b, float) else b)

    def plus(self, a: Any, b: Any) -> Any:
        return self.builder.fadd(a, self.filled(b) if isinstance(b, float) else b)

    def over(self, a: Any, b: Any) -> Any:
        return self.builder.fdiv(self.filled(a) if isinstance(a, float) else a, b)

    def negative(self, a: Any) -> Any:
        return self.builder.fsub(ir.Constant(_FLOATS, [-0.0] * NATIVE), a)

    def polynomial(self, x: Any, coefficients: Sequence[float]) -> Any:
        """Return the polynomial whose coefficients are given from the highest power on."""
        total = self.filled(coefficients[0])
        for coefficient in coefficients[1:]:
            total = self.fma(total, x, self.filled(coefficient))
        return total

    def _clamp_for_exp(self, x: Any) -> Any:
        build = self.builder
        for bound, sign in ((_LEAST, "<"), (_MOST, ">")):
            limit = self.filled(bound)
            x = build.select(build.fcmp_ordered(sign, x, limit), limit, x)
        return x

    def exp(self, x: Any) -> Any:
        build, x = self.builder, self._clamp_for_exp(x)
        shifted = self.plus(self.times(x, _LOG2E), _ROUND)
        whole = self.negative(self.plus(shifted, -_ROUND))
        rest = self.fma(whole, self.filled(_LN2), x)
        rest = self.fma(whole, self.filled(_LN2_REST), rest)
        square = self.times(rest, rest)
        found = self.fma(self.polynomial(rest, _EXP), square, self.plus(rest, 1.0))
        places = build.shl(build.bitcast(shifted, _WORDS), ir.Constant(_WORDS, [23] * NATIVE))
        return build.bitcast(build.add(build.bitcast(found, _WORDS), places), _FLOATS)

    def sigmoid(self, x: Any) -> Any:
        return self.over(1.0, self.plus(self.exp(self.negative(x)), 1.0))

    def silu(self, x: Any) -> Any:
        return self.times(x, self.sigmoid(x))

    def gelu(self, x: Any) -> Any:
        build = self.builder
        scaled = self.times(x, _ROOT_HALF)
        below = build.fcmp_ordered("<", scaled, self.filled(0.0))
        size = build.select(below, self.negative(scaled), scaled)
        t = self.over(1.0, self.plus(self.times(size, _ERF_SLOPE), 1.0))
        tail = self.times(t, self.exp(self.negative(self.times(size, size))))
        rest = self.times(self.polynomial(t, _ERF), tail)  # 1 - erf(size)
        half = self.times(x, 0.5)
        # of the two tails that one that is small is taken as it is, and not as 1 - (1 - it)
        above = self.times(half, self.builder.fsub(self.filled(2.0), rest))
        return build.select(below, self.times(half, rest), above)

    def inverse_sqrt(self, x: Any) -> Any:
        kind = ir.FunctionType(_FLOATS, [_FLOATS])
        name = f"llvm.sqrt.v{NATIVE}f32"
        root = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.over(1.0, self.builder.call(root, [x]))


_Formula = Callable[[_ElementwiseCode, list[Any], list[Any]], Any]


def _make_elementwise_intrinsic(formula: _Formula) -> Any:
    """Return an intrinsic that writes a formula of vectors over the last of them.

    It is called with a tuple of flat arrays, one of the vectors' first elements, and one of
    numbers, which the formula takes as vectors.
    """

    @intrinsic
    def apply_formula(typingctx, arrays, offsets, numbers):  # type: ignore[no-untyped-def] # noqa: ARG001
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = _ElementwiseCode(context, builder)
            memory = [
                code.data_pointer(arrays[i], builder.extract_value(args[0], i))
                for i in range(len(arrays))
            ]
            at = [builder.extract_value(args[1], i) for i in range(len(arrays))]
            given = [code.load(data, place) for data, place in zip(memory, at, strict=True)]
            known = [code.filled(builder.extract_value(args[2], i)) for i in range(len(numbers))]
            code.store(memory[-1], at[-1], formula(code, given, known))
            return context.get_dummy_value()

        wanted = types.UniTuple(types.intp, len(arrays))
        factors = types.UniTuple(types.float32, len(numbers))
        return types.void(arrays, wanted, factors), codegen

    return apply_formula


def _inverse_sqrt_formula(code: _ElementwiseCode, vectors: list[Any], numbers: list[Any]) -> Any:
    return code.inverse_sqrt(code.fma(vectors[0], numbers[0], numbers[1]))


def _center_and_scale_formula(
    code: _ElementwiseCode, vectors: list[Any], numbers: list[Any]
) -> Any:
    x, mean, root, _ = vectors
    return code.times(code.fma(mean, numbers[0], x), root)


def _add_gelu_formula(code: _ElementwiseCode, vectors: list[Any], numbers: list[Any]) -> Any:
    x, total = vectors
    return code.fma(code.gelu(code.add(x, numbers[0])), numbers[1], total)


def _sigmoid_formula(code: _ElementwiseCode, vectors: list[Any], numbers: list[Any]) -> Any:
    return code.sigmoid(code.add(vectors[0], numbers[0]))


def _add_silu_formula(code: _ElementwiseCode, vectors: list[Any], numbers: list[Any]) -> Any:
    gate, total = vectors
    return code.fma(code.silu(code.fma(gate, numbers[0], numbers[1])), numbers[2], total)


def _fuse_by_gates_formula(code: _ElementwiseCode, vectors: list[Any], numbers: list[Any]) -> Any:
    where, location, features = vectors
    first = code.times(code.sigmoid(code.times(where, features)), location)
    return code.fma(code.sigmoid(code.times(location, numbers[0])), features, first)


# x -> 1 / sqrt(a x + b)
inverse_sqrt = _make_elementwise_intrinsic(_inverse_sqrt_formula)
# x, m, r, y -> (x + a m) r
center_and_scale = _make_elementwise_intrinsic(_center_and_scale_formula)
# x, y -> y + b gelu(x + a)
add_gelu = _make_elementwise_intrinsic(_add_gelu_formula)
# x -> 1 / (1 + exp(-(x + a)))
sigmoid = _make_elementwise_intrinsic(_sigmoid_formula)
# x, y -> y + c silu(a x + b)
add_silu = _make_elementwise_intrinsic(_add_silu_formula)
# m, l, f -> sigmoid(m f) l + sigmoid(a l) f
fuse_by_gates = _make_elementwise_intrinsic(_fuse_by_gates_formula)
