"""How soon a worker uses a slot that a limit has freed."""

import threading
import time

from conduit_runtime import Job, Queue, WorkerPool


def quickest_use(queue: Queue, name: str, soon: float) -> float:
    """Return after how many seconds a worker uses a slot that another worker frees.

    This is the least of up to five tries, since the machine may be busy; a try below `soon`
    is the last.
    """
    began = threading.Event()
    pool = WorkerPool(queue, name)
    pool.register("t", lambda context, payload: began.set())
    quickest = 60.0
    for _ in range(5):
        began.clear()
        queue.enqueue(Job(name, "t"))
        [job] = queue.dequeue("elsewhere", name)
        queue.enqueue(Job(name, "t"))
        with pool:
            assert not began.wait(1.5)
            queue.complete(job)
            freed = time.monotonic()
            assert began.wait(60)
            quickest = min(quickest, time.monotonic() - freed)
        if quickest < soon:
            break
    return quickest
