"""The networks, in torch alone: Rainmer's encoder, AirNet's encoder, their checkpoints.

A room that knows neither image files nor figures. Module attributes follow the published
key schema, so that a published state dict loads without renaming; what is published under
another wrapping is brought into that form by ``checkpoint`` and nowhere else.
"""

from __future__ import annotations

__all__: list[str] = []
