"""Where the dashboard is mounted."""

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, unquote


def root_of(scope: Mapping[str, Any]) -> str:
    """The path at which the dashboard is mounted, as in an address: "" or as in "/ops/jobs".

    The path has the spelling of the request if that is known: a proxy between the visitor and us
    may treat `/ops%2Fjobs` and `/ops/jobs` as different paths.
    """
    root: str = scope.get("root_path", "").rstrip("/")
    raw = (scope.get("raw_path") or b"").decode("latin-1")
    ends = [at for at, letter in enumerate(raw) if letter == "/"] + [len(raw)]
    return next((raw[:end] for end in ends if unquote(raw[:end]) == root), quote(root))


def rooted(scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The request with a path that begins with its root, even if a proxy has cut the root off.

    If a framework knows the path of such a proxy (`app_root_path`), its root begins with that.
    """
    root: str = scope.get("root_path", "").rstrip("/")
    path: str = scope["path"]
    if not f"{path}/".startswith(f"{root}/"):
        path = scope.get("app_root_path", root) + path
    return {**scope, "root_path": root, "path": f"{root}/" if path == root else path}
