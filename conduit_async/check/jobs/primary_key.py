"""The primary key of a record, where a job needs it."""

import re

from ...diagnostics import Problems, Related
from ...program import Column, ResourceInfo
from ...source import Span
from ..fields import marked_fields


def needed_key(resource: ResourceInfo, span: Span, problems: Problems) -> Column | None:
    """Return the column of the primary key; if there is none, report it (ASY904)."""
    column = resource.columns.get(resource.primary_key or "")
    unread = any(map(_may_hold_key, problems.unparsed.texts(span.source)))
    unread = unread or resource.node.span.source in problems.unparsed.unbalanced
    if column is None and not unread:
        found = marked_fields(resource.node, "primary")
        marked = [Related(annotation.span, "marked here") for _, annotation in found]
        problems.error(
            "ASY904",
            span,
            f"this needs the primary key of `{resource.name}`, "
            + (f"which marks {len(marked)} fields" if marked else "which has none"),
            "keep one `@primary`" if marked else "mark one field with `@primary`",
            *marked,
            once=True,
        )
    return column


def _may_hold_key(unparsed: str) -> bool:
    """Whether unparsed text may declare a primary key."""
    return "@primary" in unparsed or re.match(r"\s*(?::|id\b)", unparsed) is not None
