"""Which datasets a new image is like, with calibrated probabilities, or that it is like none.

A new image is compared with scenes, not images: images of one scene are not independent.
"""

from __future__ import annotations

from rainmer_analysis.scores.membership.dataset_membership import DatasetMembership

__all__ = ["DatasetMembership"]
