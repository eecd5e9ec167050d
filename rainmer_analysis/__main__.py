"""``python -m rainmer_analysis`` is the command line."""

from rainmer_analysis.cli.main import main

main()
