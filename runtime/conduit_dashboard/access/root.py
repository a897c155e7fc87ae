"""Where the dashboard is mounted."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote


def root_of(scope: Mapping[str, Any]) -> str:
    """The path at which the dashboard is mounted, as in an address: "" or as in "/ops/jobs".

    It is spelled as in the request where that is known: what is between the visitor and us may tell
    `/ops%2Fjobs` from `/ops/jobs`.
    """
    root: str = scope.get("root_path", "").rstrip("/")
    raw = (scope.get("raw_path") or b"").decode("latin-1")
    ends = [at for at, letter in enumerate(raw) if letter == "/"] + [len(raw)]
    return next((raw[:end] for end in ends if unquote(raw[:end]) == root), quote(root))
