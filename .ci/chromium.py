"""Find a Chromium for the tests that drive a browser. Root on Debian installs a missing one.

    .venv/bin/python .ci/chromium.py

The variable CHROMIUM names a Chromium. Without it the script looks on the PATH, then among
Playwright's own. If there is none, the tests in `tests/dashboard/browser` are left out, or fail if
CI is set.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import debian

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = (
    "no Chromium starts: install it (Debian: apt install chromium), set CHROMIUM to its path, "
    "or run .venv/bin/playwright install chromium"
)


def find() -> str | None:
    """The path of a Chromium that starts, or None."""
    if named := os.environ.get("CHROMIUM"):
        return named if starts(named) else None
    return next(filter(starts, (*filter(None, map(shutil.which, NAMES)), *playwrights())), None)


def playwrights() -> list[str]:
    """The Chromium that `playwright install` downloads into the user's cache."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return [path] if Path(path).exists() else []


def starts(path: str) -> bool:
    """Whether the program prints its version; Ubuntu's script without snap does not."""
    try:
        command = [path, "--version"]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> None:
    if find() is None and "CHROMIUM" not in os.environ:
        debian.install("the tests that drive a browser", "chromium")
    if find() is None:
        print(f"The tests that drive a browser are left out: {MISSING}", flush=True)
        sys.exit("CI" in os.environ)


if __name__ == "__main__":
    main()
