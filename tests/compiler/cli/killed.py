"""Updates a package to another version, and is killed at each step of that.

For each step, prints as JSON the modules that were left, whether a process could import them, and
what is there after the next run.
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

from conduit_async.cli.package_writer import compare, write
from conduit_async.diagnostics import Problems

STEPS = ("open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir")
"""Python's audit events for opening and changing files."""


def main(folder: Path, versions: list[Mapping[str, str]]) -> None:
    """Update a package of the first version, or an empty one, to the second; print the outcomes."""
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
        repaired = {"repaired": held(package), "others": others(package)}
        found.append({"left": left, "seen": seen, **repaired})
    print(json.dumps(found))


def bring(folder: Path, files: Mapping[str, str], killed_at: int = 0) -> None:
    """Write a version into a folder; die before the step `killed_at`, counted from 1, if not 0."""
    problems = Problems()
    changes = compare(folder, files, problems)
    if killed_at:
        die_at(killed_at, str(folder))
    assert write(folder, files, changes, problems)


def die_at(step: int, folder: str) -> None:
    """Kill this process just before a step in a folder."""
    count = 0

    def count_down(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event in STEPS and str(arguments[0]).startswith(folder):
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count_down)


def load(folder: Path) -> None:
    """Import each module of the package; exit with 3 if all refuse, with 4 if only some do."""
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    outcomes = {refuses(name.removesuffix(".py")) for name in held(folder / "package")}
    os._exit(4 if len(outcomes) > 1 else 3 if True in outcomes else 0)


def refuses(module: str) -> bool:
    """Whether a module says that `conduitc gen` must run again."""
    try:
        importlib.import_module("package" if module == "__init__" else f"package.{module}")
    except GeneratedCodeError as error:
        return "conduitc gen" in str(error)
    return False


def held(folder: Path) -> dict[str, str]:
    """The modules of a folder."""
    return {path.name: path.read_text("utf-8") for path in folder.glob("*.py")}


def others(folder: Path) -> list[str]:
    """What a folder holds beside its modules."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".py")


def forked(call: Callable[[], None]) -> int:
    """Make a call in a new process; return its exit code, negative for the signal that ended it."""
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
        getattr(conduit_runtime, name)  # import the runtime once, and not in each process
    main(Path(sys.argv[1]), json.load(sys.stdin))
