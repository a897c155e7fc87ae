"""Messages about connections without the password that a connection string holds."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

_URL = re.compile(r"^\s*\w+(?:\+\w+)?://(?P<user>[^:@/?#]*):(?P<password>.*)@", re.DOTALL)
# Up to the next key: what is not quoted as it should be belongs to it as well.
_PAIR = re.compile(r"(?:ssl)?password\s*=\s*(.*?)(?=\s+\w+\s*=|$)", re.DOTALL)
_QUERY = re.compile(r"[?&](?:ssl)?password=([^&]*)")
_PARTS = re.compile(r"[@:/?#\s'\"\\]+")


def without_password(message: str, dsn: str) -> str:
    """The message with `***` for the password of `dsn`, and for each part of it.

    A URL whose password is not percent-encoded is split at the wrong place, so that a message
    about the host or the port holds a part of the password.
    """
    texts = {text for password in _passwords(dsn) for text in _texts(password) if len(text) > 1}
    if not texts:
        return message
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    return re.sub("|".join(map(re.escape, longest_first)), "***", message)


def _passwords(dsn: str) -> Iterator[str]:
    if found := _URL.search(dsn):
        yield found["password"]
    for pattern in (_PAIR, _QUERY):
        yield from pattern.findall(dsn)


def _texts(password: str) -> Iterator[str]:
    for text in (password, unquote(password)):
        yield text
        yield from _PARTS.split(text)
