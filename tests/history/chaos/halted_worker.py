"""A worker whose outcomes a test may halt for long; the arguments are those of `worker`."""

import sys

from conduit_runtime.cli import main
from conduit_runtime.worker import worker

if __name__ == "__main__":
    worker.STATEMENT_TIMEOUT = "10min"
    main(["worker", *sys.argv[1:]])
