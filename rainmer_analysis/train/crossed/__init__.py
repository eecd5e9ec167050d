"""The recipe `crossed`: every draw of weather on every scene, and soft targets for both views.

A batch crosses draws of weather with scenes. In the degradation view, images are to be alike as
far as what their weather did to the clean image is alike; images of the same scene are never
positives, so that content cannot help. In the chromatic view, images are to be alike as far as
their colours are. No label of a dataset is used: how datasets relate comes out, it does not go in.
"""

from __future__ import annotations

from rainmer_analysis.train.crossed.crossed_pool import (
    CrossedBlock,
    CrossedPool,
    build_crossed_pool,
    open_crossed_pool,
)
from rainmer_analysis.train.crossed.crossed_trainable import CrossedTrainable
from rainmer_analysis.train.crossed.image_descriptors import DESCRIPTOR, describe_degradation

__all__ = [
    "DESCRIPTOR",
    "CrossedBlock",
    "CrossedPool",
    "CrossedTrainable",
    "build_crossed_pool",
    "describe_degradation",
    "open_crossed_pool",
]
