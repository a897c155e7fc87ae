"""A worker whose threads never end: `python stuck_worker.py PACKAGE…`, as `conduit-jobs worker`.

It gives up soon. Calls of its `services` block.
"""

import threading

from conduit_runtime import WorkerPool
from conduit_runtime.cli import main
from conduit_runtime.worker.timing import Timing


class Stuck:
    """Has every service; each call blocks until the event."""

    def __init__(self, end: threading.Event) -> None:
        self._end = end

    def block(self, *args: object, **named: object) -> None:
        self._end.wait()

    send = add = update = release = block


services = {name: Stuck(threading.Event()) for name in ("warehouse", "email", "search_index")}

if __name__ == "__main__":
    WorkerPool.timing = Timing(stuck=0.5)
    main()
