"""`@was("title")`: the earlier names of a field, for reading older payloads."""

from collections.abc import Collection, Iterable, Iterator

from ... import ast
from ...diagnostics import Problems, Related
from ...names import is_name
from ...source import Span


def check_earlier_names(
    problems: Problems, fields: Iterable[ast.Field], keys: Collection[str]
) -> None:
    """Report (VAL523) impossible earlier names; `keys` are the columns of relations."""
    fields = list(fields)
    now = {field.name.text: field for field in reversed(fields)}
    seen: dict[str, Span] = {}
    for field in fields:
        for annotation in field.annotations:
            if annotation.name.text != "was":
                continue
            if not annotation.arguments:
                hint = 'for example `@was("title")`'
                problems.error("VAL523", annotation.span, "`@was` needs an earlier name", hint)
            for name, span in _names(problems, annotation):
                first = seen.setdefault(name, span)
                if name == field.name.text:
                    message, hint = f"`{name}` is what it is called now", "give its earlier name"
                    problems.error("VAL523", span, message, hint)
                elif name in now or name in keys:
                    place = Related(now[name].name.span, "this one") if name in now else None
                    message = f"`{name}` is another field now"
                    hint = "an older payload's value can become one field only: rename or remove it"
                    problems.error("VAL523", span, message, hint, *([place] if place else []))
                elif first is not span:
                    related = Related(first, "the first one")
                    message = f"`{name}` is given twice as an earlier name"
                    problems.error("VAL523", span, message, "remove one of the two", related)


def _names(problems: Problems, annotation: ast.Annotation) -> Iterator[tuple[str, Span]]:
    for argument in annotation.arguments:
        text, span = ast.constant_text(argument.value), argument.value.span
        if argument.name is not None:
            hint = f"write `@was({span.text})`"
            problems.error("VAL523", argument.span, "`@was` takes names alone", hint)
        elif text is None:
            is_word = isinstance(argument.value, ast.NameRef)
            hint = f'write `@was("{span.text}")`' if is_word else 'for example `@was("title")`'
            problems.error("VAL523", span, "an earlier name is a string", hint)
        elif not is_name(text):
            message = "the name of a field consists of the letters a to z, digits and underscores"
            problems.error("VAL523", span, message, 'for example `@was("title")`')
        else:
            yield text, span
