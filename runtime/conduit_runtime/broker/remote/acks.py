"""Which messages of a channel are done, and have to be acknowledged."""


class Acks:
    """The messages of one channel that are not acknowledged yet, in the order in which they came.

    One frame acknowledges all messages up to one, so as many as possible share a frame.
    """

    def __init__(self) -> None:
        self._done_by_tag: dict[int, bool] = {}
        self._done = 0

    @property
    def held(self) -> int:
        """How many messages are not acknowledged yet."""
        return len(self._done_by_tag)

    def delivered(self, tag: int) -> None:
        """A message came."""
        self._done_by_tag[tag] = False

    def forget(self, tag: int) -> None:
        """Do not acknowledge a message."""
        del self._done_by_tag[tag]

    def done(self, tag: int) -> None:
        """A message is done."""
        self._done_by_tag[tag] = True
        self._done += 1

    def take(self) -> list[tuple[int, bool]]:
        """The tags to acknowledge now, each with whether it stands for all earlier tags, too."""
        if not self._done:
            return []
        first = 0
        for tag, is_done in self._done_by_tag.items():
            if not is_done:
                break
            first = tag
        taken = [(first, True)] if first else []
        done = [tag for tag, is_done in self._done_by_tag.items() if is_done]
        taken += [(tag, False) for tag in done if tag > first]
        for tag in done:
            del self._done_by_tag[tag]
        self._done = 0
        return taken
