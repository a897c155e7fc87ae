"""A gateway for measurements that puts each job into its own message."""

import sys

from conduit_runtime.broker.gateway import pace
from conduit_runtime.cli import main

if __name__ == "__main__":
    pace.MOST_OF_A_MESSAGE = 1
    main(["gateway", *sys.argv[1:]])
