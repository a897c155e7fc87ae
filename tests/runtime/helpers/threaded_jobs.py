"""A module that starts a thread when it is imported, so no process may fork behind it."""

import os
import threading
from typing import Any

from conduit_runtime import PlainContext

stop = threading.Event()
threading.Thread(target=stop.wait, daemon=True).start()


def process(job: PlainContext[Any], payload: Any) -> int:
    """Return the process that runs the job."""
    return os.getpid()
