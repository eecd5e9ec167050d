"""Losses of restoration, between restored images and their targets."""

from __future__ import annotations

from rainmer_analysis.train.losses.pixels import charbonnier, pixel_loss, similarity

__all__ = ["charbonnier", "pixel_loss", "similarity"]
