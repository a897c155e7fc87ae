"""Runs `conduitc` in forks of a process that has compiled before: `python compiler_forks.py`.

The requests are those of `forks.py`.
"""

from pathlib import Path

from forks import serve

from conduit_async import cli, deploy
from conduit_async.cli import commands
from conduit_async.compiler import compile

WARMED = (commands, deploy)
"""Modules that commands import late."""
SOURCE = "resource Post { id: uuid! @primary @after create @async { Mail.send(self.id) } }"


def main() -> None:
    compile({"post.conduit": SOURCE})
    serve(cli.main, str(Path(cli.__file__).with_name("__main__.py")))


if __name__ == "__main__":
    main()
