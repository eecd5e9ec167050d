"""The command ``probe`` and the tables it prints."""
