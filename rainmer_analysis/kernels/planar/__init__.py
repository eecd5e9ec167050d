"""Inner loops over maps whose channels lie apart: rows, channels, columns.

A row of all channels is contiguous, so a product over channels stays in the cache, and a vector
holds neighbours of one channel, so no number of channels wastes lanes.
"""
