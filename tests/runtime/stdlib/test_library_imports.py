"""What an import of the library loads."""

import subprocess
import sys

LATE = {"argon2", "bcrypt", "cryptography", "slugify", "psycopg", "lark", "jinja2", "black"}


def test_heavy_libraries_are_imported_when_used() -> None:
    program = "import sys, conduit_runtime.stdlib; print(*sys.modules)"
    imported = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "conduit_runtime.stdlib.crypto" in imported
    assert not LATE.intersection(imported)
