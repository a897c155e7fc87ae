"""Runs a program in forks of this process, which has imported what the program needs."""

import json
import os
import signal
import sys
from collections.abc import Callable

_SECONDS = 120
"""How many seconds a run may take."""


def serve(main: Callable[[], object], program: str) -> None:
    """Call `main` in a fork for each request, with `program` as `sys.argv[0]`.

    Each line of the input is a request in JSON, `[arguments, cwd, env, stdout, stderr]`, in which
    the last two are paths of files to write, or the same path. The answer is a line with the exit
    code.
    """
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            arguments, *rest = json.loads(line)
            _become([program, *arguments], *rest)
            main()
            sys.exit()
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(argv: list[str], cwd: str, env: dict[str, str], stdout: str, stderr: str) -> None:
    """Become a process that was started in this folder."""
    signal.alarm(_SECONDS)
    for descriptor, path in enumerate((os.devnull, stdout, stderr)):
        opened = os.open(path, os.O_RDWR)
        os.dup2(opened, descriptor)
        os.close(opened)
    if stderr == stdout:
        os.dup2(1, 2)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv[:] = argv
    sys.path[:1] = [cwd, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
