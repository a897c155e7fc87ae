"""Runs the Python blocks of a page in one namespace; `story.py` starts it as a program.

Each line of standard input is a block, as JSON: its text, the page and the line. For each block it
writes a line with the traceback, or an empty one, to the file descriptor that the argument names. A
block may `await`. Standard library only.
"""

import ast
import asyncio
import inspect
import json
import os
import sys
import traceback
from typing import Any


def main(answers: int) -> None:
    """Run each block until standard input ends."""
    sys.path.insert(0, os.getcwd())
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with asyncio.Runner() as runner, os.fdopen(answers, "w") as out:
        for line in sys.stdin:
            block = json.loads(line)
            text = "\n" * (block["line"] - 1) + block["text"]
            try:
                flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
                code = compile(text, block["page"], "exec", flags=flags)
                waiting = eval(code, namespace)
                if inspect.iscoroutine(waiting):
                    runner.run(waiting)
                failure = ""
            except BaseException:
                failure = traceback.format_exc()
            print(json.dumps(failure), file=out, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
