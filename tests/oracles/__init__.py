"""Oracles of the tests: tiny networks of the published architecture, and what they must give.

`schema` writes down keys and shapes, `plain` the published operations one after the other, and
`protocol` the analysis and mining of samples; none of them imports the package. `make_recorded`
records what takes long or must not change in ``recorded.npz``, and `build` lays out a folder like
the one that the published code's outputs come in.
"""
