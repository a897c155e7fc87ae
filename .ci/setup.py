"""Install this project and what it needs into .venv; quick if that is already done.

    python3.11 .ci/setup.py run|dev

`dev` adds to `run` the tools for tests and checks, and a browser and a broker where these may be
installed. Standard library only; run by `make`.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
READY = VENV / ".ready"


def main(wanted: str) -> None:
    # Scripts in a venv hold its absolute path, so a clone that was moved is set up again.
    key = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + os.fsencode(ROOT)).hexdigest()
    if is_ready(key, wanted):
        return
    try:
        with (ROOT / ".venv.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_ready(key, wanted):
                install(wanted)
                READY.write_text(f"{key} {wanted}\n")
    except PermissionError as error:
        sys.exit(f"{error.filename} belongs to another user: remove .venv, or clone again")


def is_ready(key: str, wanted: str) -> bool:
    """Whether .venv was made for this pyproject.toml, in this folder, with a Python that runs."""
    try:
        made_for, level = READY.read_text().split()
    except (OSError, ValueError):
        return False
    return made_for == key and level in (wanted, "dev") and PYTHON.exists()


def install(wanted: str) -> None:
    if not runs(PYTHON):
        print("Making .venv", flush=True)
        venv.create(VENV, with_pip=True, clear=VENV.exists(), symlinks=True)
    groups = ["--group", "dev"] if wanted == "dev" else []
    print(f"Installing into .venv{' what the tests need' * bool(groups)}", flush=True)
    if groups:
        pip("--upgrade", "pip>=25.1")  # the first version that reads dependency groups
    pip("--editable", ".[dashboard,embedded]", *groups)
    if groups:
        find_programs()


def pip(*arguments: str) -> None:
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if line.startswith(("Collecting ", "Installing ")):
                print(f"  {line.rstrip()[:100]}", flush=True)
    if process.returncode:
        sys.exit(
            "The installation failed; the lines above say why. Is the package index reachable?"
        )


def find_programs() -> None:
    """Find or install Chromium, RabbitMQ and Patroni; print which tests are left out without them.

    In CI the tests that need a missing program fail.
    """
    for finder in ("chromium.py", "servers.py", "replication.py"):
        subprocess.run([PYTHON, ROOT / ".ci" / finder], check=False)


def runs(python: Path) -> bool:
    """Whether this interpreter exists, is recent enough, and has pip."""
    if not python.exists():
        return False
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    quiet = subprocess.DEVNULL
    done = subprocess.run([python, "-c", check], check=False, stdout=quiet, stderr=quiet)
    return done.returncode == 0


if __name__ == "__main__":
    main(sys.argv[1])
