"""Open files in a browser without a network, and tell as JSON what they do and show.

::

    python -m benchmarks.faults.browser BROWSER FILE...
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

_PATIENCE = 120_000  # milliseconds until a browser has started, and until a page is there
_SHOWN = """() => {
    const all = document.documentElement.cloneNode(true);
    all.querySelectorAll('script, style').forEach(each => each.remove());
    const hints = [...all.querySelectorAll('[title], [alt]')].map(
        each => each.getAttribute('title') + each.getAttribute('alt'));
    return all.textContent + hints.join();
}"""


def main() -> None:
    """Open each file, wait for what its scripts may do, and print one document."""
    browser, *files = sys.argv[1:]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox"], timeout=_PATIENCE
        )
        print(json.dumps([_seen(chromium, Path(file).resolve().as_uri()) for file in files]))
        chromium.close()


def _seen(chromium: Any, address: str) -> dict[str, Any]:
    page = chromium.new_context(offline=True).new_page()
    dialogs: list[str] = []
    requests: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address, timeout=_PATIENCE)
    page.wait_for_timeout(3000)
    told = {"title": page.title(), "text": page.evaluate(_SHOWN), "dialogs": dialogs}
    left = [each for each in requests if not each.startswith((address, "data:", "blob:"))]
    page.context.close()
    return told | {"requests": left}


if __name__ == "__main__":
    main()
