"""`conduit-jobs demo`, as a newcomer calls it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import psutil
import pytest
from conduit_runtime.embedded import EmbeddedError, binaries
from waiting import until

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "conduit_runtime.cli", "demo"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    try:
        binaries()
    except EmbeddedError as error:
        pytest.skip(str(error))
    # Its own folder for temporary files shows whether any of them stay.
    scratch = Path(tempfile.mkdtemp(prefix="cd-"))
    scratch.chmod(0o711)
    return os.environ | {"TMPDIR": str(scratch), "CONDUIT_DATABASE_URL": "postgresql://nowhere/x"}


def test_it_shows_the_whole_path_and_keeps_the_jobs_for_the_dashboard(
    environment: dict[str, str],
) -> None:
    done = subprocess.run(
        COMMAND, env=environment, capture_output=True, text=True, timeout=170, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "conduitc gen" in done.stdout
    assert "post.after_update.announce" in done.stdout
    assert "completed" in done.stdout
    assert "Traceback" not in done.stderr
    command = done.stdout.splitlines()[-1].strip()
    assert not running(environment)
    try:
        assert succeeded_in_dashboard(command, environment) > 0
    finally:
        [kept] = Path(environment["TMPDIR"]).iterdir()
        shutil.rmtree(kept)
        os.rmdir(environment["TMPDIR"])


def running(environment: dict[str, str]) -> list[psutil.Process]:
    """Processes that use the demo's folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if environment["TMPDIR"] in " ".join(process.info["cmdline"] or ())
    ]


def succeeded_in_dashboard(command: str, environment: dict[str, str]) -> int:
    """Run the printed command in a shell, as a user does; return how many attempts it shows."""
    process = subprocess.Popen(
        ["sh", "-c", f"{command} --port 0".replace("&& ", "&& exec env ")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        with httpx.Client(follow_redirects=True) as client:
            page = client.get(address, headers={"Accept": "application/json"}).json()
            return sum(each["succeeded"] for each in page["attempts"])
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_interrupted_and_leaves_nothing(
    environment: dict[str, str], number: signal.Signals
) -> None:
    process = subprocess.Popen(
        COMMAND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    _, output = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Traceback" not in output
    until(lambda: not running(environment))
    os.rmdir(environment["TMPDIR"])
