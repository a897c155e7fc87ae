"""The standard library of Conduit, from the table of signatures that the compiler reads."""

import re

from conduit_async import assets
from conduit_async.library import LIBRARY, Signature

from .markdown import code, table

_HEAD = re.compile(r"^(\w+\.\w+[?!]?)(\(.*\) -> .+?)(?: \[[^\[\]]*\])?$", re.MULTILINE)


def namespaces() -> str:
    """A section for each namespace, with its functions in a table."""
    shown = dict(_HEAD.findall(assets.read("library/signatures.txt")))
    lines = []
    for space, functions in LIBRARY.items():
        rows = [(code(each.call + shown[each.call]), _about(each)) for each in functions.values()]
        lines += [f"## {space}", *table("function, what it gives", *rows)]
    return "\n".join(lines)


def _about(signature: Signature) -> str:
    notes = [signature.doc]
    if signature.method:
        rest = ", ".join(each.name for each in signature.parameters[1:])
        notes.append(f"As a method: {code(f'.{signature.name}({rest})')}.")
    if signature.never_raises:
        notes.append("Never fails.")
    return " ".join(notes)
