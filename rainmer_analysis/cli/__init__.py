"""The command line: turns text into requests, prints results, and is the only catcher of errors."""
