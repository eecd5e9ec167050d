"""``python -m rainmer_analysis`` and ``rainmer-analysis`` are the command line."""

from __future__ import annotations

import signal
import threading
from typing import NoReturn

# Until `main` can say that it was interrupted, an interruption ends without a traceback.
if (
    threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
):
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from rainmer_analysis.cli.main import main as _main

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    _main()


if __name__ == "__main__":
    main()
