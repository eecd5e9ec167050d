"""Training of the restorer, together with the encoder that prompts it."""

from __future__ import annotations

from rainmer_analysis.train.restoration.restorer_trainable import RestorerTrainable

__all__ = ["RestorerTrainable"]
