"""The commands ``describe`` and ``balance`` and the tables they print."""
