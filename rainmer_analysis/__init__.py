"""Representation analysis of image-restoration datasets."""
