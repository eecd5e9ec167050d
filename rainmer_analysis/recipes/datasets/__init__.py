"""Datasets as folders: checked, recognised, simulated, and compared with what was measured."""
