"""The rules of types."""

from collections.abc import Sequence

from .. import ast
from ..diagnostics import Related
from ..lexer.brackets import MAX_DEPTH
from ..source import Span
from ..tokens import Token
from ..types import SCALARS, TEXT_LIKE
from .builders import Context, rule

_GENERIC = {
    "array": (1, "one type", "array<string>"),
    "hash": (2, "a type of keys and a type of values", "hash<string, int>"),
}
"""The number of types that each takes, the same in words, and an example."""

_SIZED = (*TEXT_LIKE, "decimal")
_ALIASES = {
    **dict.fromkeys(("array", "list", "set", "vector", "vec", "slice"), "array"),
    **dict.fromkeys(("hash", "map", "hashmap", "dict", "record", "object"), "hash"),
}


@rule
def unmarked(context: Context, span: Span, type: ast.TypeExpr) -> ast.TypeRef:
    return _type_ref(context, span, type, None)


@rule
def required(context: Context, span: Span, type: ast.TypeExpr, *_: Token) -> ast.TypeRef:
    return _type_ref(context, span, type, True)


@rule
def nullable(context: Context, span: Span, type: ast.TypeExpr) -> ast.TypeRef:
    return _type_ref(context, span, type, False)


@rule
def nullable_name(context: Context, span: Span, token: Token) -> ast.TypeRef:
    inner = Span(context.source, span.start, span.end - 1)
    name = Token("NAME", token.text[:-1], token.start, token.end - 1)
    return _type_ref(context, span, plain_type(context, inner, name), False)


def _type_ref(
    context: Context, span: Span, type: ast.TypeExpr, required: bool | None
) -> ast.TypeRef:
    """Return a type with its marker; report and cut a type that nests too deep."""
    inner: tuple[ast.TypeRef, ...] = ()
    if isinstance(type, ast.ArrayType):
        inner = (type.element,)
    elif isinstance(type, ast.HashType):
        inner = (type.key, type.value)
    depth = 1 + max((context.type_depths.get(part, 0) for part in inner), default=-1)
    if depth > MAX_DEPTH:
        type = ast.NamedType(type.span, "json")
    if depth == MAX_DEPTH + 1:
        context.error("SYN006", span, f"types nest more than {MAX_DEPTH} deep here", "use `json`")
    ref = ast.TypeRef(span, type, required)
    if depth:
        context.type_depths[ref] = depth
    return ref


@rule
def plain_type(context: Context, span: Span, token: Token) -> ast.NamedType:
    if token.text in _GENERIC:
        message = f"`{token.text}` does not say what it holds"
        return _bad_type(context, span, message, f"for example `{_GENERIC[token.text][2]}`")
    return ast.NamedType(span, token.text)


@rule
def type_with_arguments(
    context: Context, span: Span, token: Token, arguments: list[ast.Expr]
) -> ast.NamedType:
    if token.text in _GENERIC:
        message = f"`{token.text}` takes its types in angle brackets"
        return _bad_type(context, span, message, "for example `array<string>`")
    if token.text in SCALARS and token.text not in _SIZED:
        message = f"`{token.text}` takes nothing in parentheses"
        return _bad_type(context, span, message, f"write `{token.text}`")
    sizes = [each.value if isinstance(each, ast.Int) else -1 for each in arguments]
    if token.text in TEXT_LIKE and (len(sizes) != 1 or sizes[0] < 1):
        message = f"`{token.text}` takes one number, the longest length"
        return _bad_type(context, span, message, f"for example `{token.text}(50)`")
    if token.text == "decimal" and not _is_precision(sizes):
        message = "`decimal` takes the number of its digits, and how many follow the point"
        return _bad_type(context, span, message, "for example `decimal(10, 2)`")
    return ast.NamedType(span, token.text, tuple(arguments))


@rule
def generic_type(
    context: Context, span: Span, token: Token, types: list[ast.TypeRef] | None = None
) -> ast.TypeExpr:
    types = types or []
    if token.text not in _GENERIC:
        meant = _ALIASES.get(token.text.lower())
        shown = f"{meant}{span.text[len(token.text) :]}" if meant else token.text
        hint = f"write `{' '.join(shown.split())}`"
        return _bad_type(context, span, f"`{token.text}` takes no types", hint)
    number, needs, example = _GENERIC[token.text]
    if len(types) != number:
        message = f"`{token.text}` needs {needs}"
        return _bad_type(context, span, message, f"for example `{example}`")
    return ast.ArrayType(span, *types) if number == 1 else ast.HashType(span, *types)


@rule
def enum_type(context: Context, span: Span, values: list[ast.Expr]) -> ast.TypeExpr:
    strings = tuple(value for value in values if isinstance(value, ast.String))
    if not values or len(strings) < len(values) or any(s.value is None for s in strings):
        return bad_enum_type(context, span, values)
    seen: dict[str | None, ast.String] = {}
    for value in strings:
        if (first := seen.setdefault(value.value, value)) is not value:
            message = f'"{value.value}" is listed twice'
            where = Related(first.span, "here first")
            context.error("SYN006", value.span, message, "remove one of the two", where)
    return ast.EnumType(span, tuple(seen.values()))


@rule
def bad_enum_type(context: Context, span: Span, values: Sequence[ast.Node] = ()) -> ast.NamedType:
    exprs = [value.value if isinstance(value, ast.Argument) else value for value in values]
    named = [
        value.name if isinstance(value, ast.NameRef | ast.Symbol) else value.value
        for value in exprs
        if isinstance(value, ast.NameRef | ast.Symbol | ast.String)
    ]
    hint = 'for example `enum ["draft", "published"]`'
    if named and None not in named and len(named) == len(values):
        listed = ", ".join(f'"{value}"' for value in named)
        hint = f"write `enum [{listed}]`"
    others = [value for value in exprs if isinstance(value, ast.Int | ast.Float | ast.Bool)]
    if named and len(others) == 1 and len(named) == len(values) - 1:
        hint = f'write `"{others[0].span.text}"`'
        context.error("SYN006", others[0].span, "the values of an enum are strings", hint)
        return ast.NamedType(span, "json")
    return _bad_type(context, span, "an enum lists its values, which are strings", hint)


@rule
def struct_type(context: Context, span: Span, fields: list[ast.Field]) -> ast.StructType:
    check_duplicates(context, fields)
    return ast.StructType(span, tuple(fields))


def _bad_type(context: Context, span: Span, message: str, hint: str) -> ast.NamedType:
    """Report a malformed type; `json` replaces it, so that nothing follows from the error."""
    context.error("SYN006", span, message, hint)
    return ast.NamedType(span, "json")


def check_duplicates(context: Context, fields: list[ast.Field]) -> None:
    """Report each field that has the name of an earlier field."""
    first: dict[str, ast.Name] = {}
    for field in fields:
        earlier = first.setdefault(field.name.text, field.name)
        if earlier is not field.name:
            context.error(
                "SYN013",
                field.name.span,
                f"`{field.name.text}` is declared twice",
                "rename or remove one of the two",
                Related(earlier.span, "first declared here"),
            )


def check_marker(context: Context, type: ast.TypeRef) -> None:
    """Report a type that lacks the marker that says whether it may be nil."""
    if type.required is None:
        text = type.type.span.text
        short = text if len(text) <= 30 and "\n" not in text else "…"
        context.error(
            "SYN005",
            type.span,
            "this type does not say whether it may be nil",
            f"write `{short}!` when it is required, `{short}?` when it may be nil",
        )


def _is_precision(sizes: list[int]) -> bool:
    digits, *places = sizes
    return digits > 0 and len(places) <= 1 and all(0 <= each <= digits for each in places)
