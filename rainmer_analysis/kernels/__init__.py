"""Compiled inner loops on a CPU, of training and of inference."""
