"""The paper's supplement again: its figures, its claims, and the controls they must beat."""
