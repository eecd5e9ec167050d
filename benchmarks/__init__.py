"""Side-by-side measurements.

A package, not a bare folder: pyarrow 17 installs another `benchmarks`, which would hide it.
"""
