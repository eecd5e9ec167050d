"""Commands of datasets: what is known, found, drawn and simulated."""
