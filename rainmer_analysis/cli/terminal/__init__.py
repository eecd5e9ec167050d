"""What a terminal shows: lines, progress, and tables of text."""
