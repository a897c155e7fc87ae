"""The sessions of visitors who have logged in with a token. They end with the process."""

import secrets
import time

SECONDS = 12 * 3600
"""The length of a session, in seconds."""


class Sessions:
    """The present sessions; each ends after `seconds`."""

    def __init__(self) -> None:
        self.seconds = SECONDS
        self._ends: dict[str, float] = {}

    def begin(self) -> str:
        """Begin a session, and return its secret name."""
        now = time.monotonic()
        self._ends = {name: end for name, end in self._ends.items() if end > now}
        name = secrets.token_urlsafe()
        self._ends[name] = now + self.seconds
        return name

    def is_present(self, name: str) -> bool:
        """Whether a session of this name has begun and not ended."""
        return self._ends.get(name, 0.0) > time.monotonic()

    def end(self, name: str) -> None:
        """End a session, if there is one of this name."""
        self._ends.pop(name, None)
