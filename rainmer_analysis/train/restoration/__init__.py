"""Training of the restorer, together with the encoder that prompts it."""

from __future__ import annotations

from rainmer_analysis.train.restoration.objective import RestorerObjective

__all__ = ["RestorerObjective"]
