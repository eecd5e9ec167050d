"""Whether images and pairs can be trusted."""
