"""A worker whose threads never end: `python stuck_worker.py PACKAGE…`, as `conduit-jobs worker`.

It gives up soon, and its `services` block when they are called.
"""

import threading

from conduit_runtime.cli import main
from conduit_runtime.worker import watch


class Stuck:
    """Every service, until the event."""

    def __init__(self, end: threading.Event) -> None:
        self._end = end

    def block(self, *args: object, **named: object) -> None:
        self._end.wait()

    send = add = update = release = block


services = {name: Stuck(threading.Event()) for name in ("warehouse", "email", "search_index")}

if __name__ == "__main__":
    watch.STUCK = 0.5
    main()
