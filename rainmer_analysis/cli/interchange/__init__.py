"""Commands that take vectors of others in, and give tables and maps to other programs."""
