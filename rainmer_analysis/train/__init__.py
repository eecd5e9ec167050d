"""Training: torch meets images.

Contrastive training of Rainmer's encoder (chromatic, degradation and detail views) and of
AirNet's encoder (momentum contrast against a queue), as plain single-process loops that can be
interrupted at any step and continued to the same weights. Images come in by value, as a `Pool`
of arrays; where they come from is known in recipes alone.
"""

from __future__ import annotations

__all__: list[str] = []
