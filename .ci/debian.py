"""Install Debian packages for tests that need a program from outside of Python."""

import os
import shutil
import subprocess
from pathlib import Path

_POLICY = Path("/usr/sbin/policy-rc.d")
_PATIENT = ("-o", "DPkg::Lock::Timeout=120")
"""Seconds to wait for another apt-get."""


def install(purpose: str, *packages: str) -> None:
    """Install the packages if this is root and there is apt-get; otherwise do nothing.

    The services of the packages are not started.
    """
    apt = shutil.which("apt-get")
    if not apt or os.geteuid() != 0:
        return
    print(f"Installing Debian's {', '.join(packages)}, for {purpose}", flush=True)
    own_policy = not _POLICY.exists()
    if own_policy:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        _install(apt, packages)
    finally:
        if own_policy:
            _POLICY.unlink()


def _install(apt: str, packages: tuple[str, ...]) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    wanted = ("install", "--yes", "--no-install-recommends", "-qq", *_PATIENT, *packages)
    for arguments in (wanted, ("update", "-qq"), wanted):
        command = [apt, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        if done.returncode == 0 and arguments is wanted:
            return
    print(done.stderr.decode(errors="replace")[-500:], flush=True)
