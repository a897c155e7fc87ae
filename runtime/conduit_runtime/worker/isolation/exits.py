"""How a child ended, in words."""

import signal

from ...model.attempts.interruptions import TakenAway
from .messages import NO_MEMORY, NO_PIPE
from .nursery_process import Exit

CLOSED = "closed the pipe to its worker"


def how(exit_: Exit) -> str:
    """How a process ended, as an error says it."""
    if exit_.code is None:
        return "was killed, since the process that had started it has died"
    if exit_.code == NO_PIPE:
        return CLOSED
    if exit_.code == NO_MEMORY:
        return "ran out of memory"
    if exit_.code >= 0:
        return f"exited with code {exit_.code}"
    try:
        return f"was ended by {signal.Signals(-exit_.code).name}"
    except ValueError:
        return f"was ended by signal {-exit_.code}"


def counted_as(reason: BaseException) -> str:
    """Why a child was killed, as it is counted."""
    if isinstance(reason, TimeoutError):
        return "timeout"
    return "lost" if isinstance(reason, TakenAway) else "shutdown"
