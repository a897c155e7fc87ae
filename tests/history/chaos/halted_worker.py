"""A worker whose outcomes may be halted for as long as a test likes: takes what `worker` takes."""

import sys

from conduit_runtime.cli import main
from conduit_runtime.worker import worker

if __name__ == "__main__":
    worker.STATEMENT_TIMEOUT = "10min"
    main(["worker", *sys.argv[1:]])
