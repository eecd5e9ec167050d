"""What makes images and pairs trustworthy, measured on arrays: no file is read here.

Thumbnails and their descriptors find copies and shared scenes (`kinship`, `alignment`); pairs are
registered to parts of a pixel and told which side is degraded (`registration`, `orientation`,
`pair_faults`); fingerprints tell known sets.
"""
