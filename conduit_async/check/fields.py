"""The fields of a resource by name, and reports of names that are wrong or given twice."""

import re
from collections.abc import Collection, Iterator

from .. import ast
from ..diagnostics import Problems, Related
from ..names import is_name
from ..program import Column, ResourceInfo
from ..source import Span
from ..suggest import did_you_mean, nearest
from .environment import Environment
from .unparsed import is_unparsed_member


def declared_field(info: ResourceInfo, name: str) -> ast.Field | None:
    """The field as the source declares it."""
    fields = (each for each in info.node.members if isinstance(each, ast.Field))
    return next((field for field in fields if field.name.text == name), None)


def marked_fields(resource: ast.Resource, *names: str) -> Iterator[tuple[str, ast.Annotation]]:
    """The fields that have one of these annotations, by name, each with the annotation."""
    for field in resource.members:
        if isinstance(field, ast.Field):
            found = (each for each in field.annotations if each.name.text in names)
            yield from ((field.name.text, each) for each in found)


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
            cause=resource.name,
        )
    return column


def _may_hold_key(unparsed: str) -> bool:
    """Whether unparsed text may declare a primary key."""
    return "@primary" in unparsed or re.match(r"\s*(?::|id\b)", unparsed) is not None


def earlier_names(field: ast.Field) -> tuple[str, ...]:
    """The names in the `@was` of a field, without values that are not names."""
    found = [each for each in field.annotations if each.name.text == "was"]
    texts = (ast.constant_text(argument.value) for each in found for argument in each.arguments)
    return tuple(dict.fromkeys(text for text in texts if text and is_name(text)))


def default_of(field: ast.Field) -> ast.Expr | None:
    """The value in the `@default` of a field."""
    found = (each for each in field.annotations if each.name.text == "default" and each.arguments)
    return next((each.arguments[0].value for each in found), None)


def known_column(
    env: Environment, info: ResourceInfo, span: Span, name: str, shown: str = "`{}`"
) -> Column | None:
    """Return the column of a field, or report the name; `shown` is how the hint shows a name."""
    column = info.column(name)
    if column is None and not is_unparsed_member(env, info, name):
        hint = did_you_mean(name, [*info.columns, *info.relations], shown)
        message = f"`{info.name}` has no field `{name}`"
        env.problems.error("SEM203", span, message, hint, cause=message)
    return column


def warn_of_typo(problems: Problems, key: ast.Name, known: Collection[str], what: str) -> None:
    """Warn of a key that is a typo; `what` is, for instance, "a relation has no option".

    Other keys pass, since another backend may know them.
    """
    meant = nearest(key.text, known)
    if key.text not in known and meant is not None:
        problems.warning("SYN012", key.span, f"{what} `{key.text}`", f"did you mean `{meant}`?")


def report_twice(
    problems: Problems, code: str, span: Span, name: str, first: Span, done: str = "declared"
) -> None:
    """Report a name that is declared or given a second time."""
    hint, related = "rename or remove one of the two", Related(first, f"first {done} here")
    problems.error(code, span, f"{name} is {done} twice", hint, related)
