"""Brings a package from one version to another, and is killed at each step on its way.

Prints as JSON, for each step at which it was killed, the modules that it left, whether a process
could import them, and what the next run made of them.
"""

import importlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import conduit_runtime
from conduit_runtime import GeneratedCodeError

from conduit_async.cli.output import compare, write
from conduit_async.diagnostics import Problems

STEPS = ("open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir")
"""What changes files, or opens them, as Python's audit events name it."""


def main(folder: Path, versions: list[Mapping[str, str]]) -> None:
    """Change a package of the first version, or nothing, into one of the second."""
    start, package = folder / "start", folder / "package"
    start.mkdir()
    if versions[0]:
        bring(start, versions[0])
    (start / "of_the_users.py").write_text("kept = 1\n")
    found: list[dict[str, object]] = []
    done = False
    while not done:
        shutil.rmtree(package, ignore_errors=True)
        shutil.copytree(start, package)
        done = forked(lambda: bring(package, versions[1], len(found) + 1)) != -signal.SIGKILL
        left, seen = held(package), forked(lambda: load(folder))
        bring(package, versions[1])
        found.append({"left": left, "seen": seen, "repaired": held(package)})
    print(json.dumps(found))


def bring(folder: Path, files: Mapping[str, str], killed_at: int = 0) -> None:
    """Write a version into a folder; killed before that step, counted from 1."""
    problems = Problems()
    changes = compare(folder, files, problems)
    if killed_at:
        die_at(killed_at, str(folder))
    assert write(folder, files, changes, problems)


def die_at(step: int, folder: str) -> None:
    """Kill this process when it is about to take a step in a folder."""
    count = 0

    def count_down(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event in STEPS and str(arguments[0]).startswith(folder):
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count_down)


def load(folder: Path) -> None:
    """Import each module of the package; exits with 3 if all refuse, with 4 if only some do."""
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    outcomes = {refuses(name.removesuffix(".py")) for name in held(folder / "package")}
    os._exit(4 if len(outcomes) > 1 else 3 if True in outcomes else 0)


def refuses(module: str) -> bool:
    """Whether a module says that `conduitc gen` has to run again."""
    try:
        importlib.import_module("package" if module == "__init__" else f"package.{module}")
    except GeneratedCodeError as error:
        return "conduitc gen" in str(error)
    return False


def held(folder: Path) -> dict[str, str]:
    """The modules of a folder."""
    return {path.name: path.read_text("utf-8") for path in folder.glob("*.py")}


def forked(call: Callable[[], None]) -> int:
    """The exit code of a process that makes a call; negative is the signal that ended it."""
    child = os.fork()
    if not child:
        try:
            call()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for name in conduit_runtime.__all__:
        getattr(conduit_runtime, name)  # they are imported once, and not by each process
    main(Path(sys.argv[1]), json.load(sys.stdin))
