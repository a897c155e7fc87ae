"""`UUID`."""

import re
import uuid

from ._namespace import ArgumentError, namespace, properties

_FORM = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}", re.I | re.A
)


@namespace
class UUID:
    """Functions of UUIDs."""

    @staticmethod
    @properties("total")
    def generate() -> uuid.UUID:
        """A new random UUID."""
        return uuid.uuid4()

    @staticmethod
    @properties("never_raises")
    def validate(value: object | None) -> bool:
        """Whether this is a UUID."""
        if isinstance(value, str):
            return _FORM.fullmatch(value) is not None
        return isinstance(value, uuid.UUID)

    @staticmethod
    def parse(text: str) -> uuid.UUID:
        """The UUID that a text gives."""
        if _FORM.fullmatch(text) is None:
            raise ArgumentError("UUID.parse: the text is not a UUID")
        return uuid.UUID(text)
