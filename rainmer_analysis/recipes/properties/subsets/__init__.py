"""Chosen images as manifests, and as folders of links or copies."""
