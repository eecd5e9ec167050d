"""The commands ``audit``, ``leakage`` and ``datasets fingerprint``, and the tables they print."""
