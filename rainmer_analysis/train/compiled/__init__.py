"""The encoder's training in compiled loops on a CPU, derived from the modules' parameters."""

from __future__ import annotations

from rainmer_analysis.train.compiled.encoder import encode, is_compilable, local_knowledge

__all__ = ["encode", "is_compilable", "local_knowledge"]
