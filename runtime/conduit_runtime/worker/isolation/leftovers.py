"""What a job may leave behind in its process that would harm the next job there."""

import os
import signal

_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class Leftovers:
    """Notes how signals are handled now, for `clear`. Both belong to the main thread."""

    def __init__(self) -> None:
        self._handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}

    def clear(self) -> bool:
        """Stop timers and handle signals as before; False if a standard stream is closed.

        Then the next file that is opened would get what is printed.
        """
        for timer in _TIMERS:
            signal.setitimer(timer, 0)
        for number, handler in self._handlers.items():
            if signal.getsignal(number) != handler and handler is not None:
                signal.signal(number, handler)
        try:
            for descriptor in range(3):
                os.fstat(descriptor)
        except OSError:
            return False
        return True
