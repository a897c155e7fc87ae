"""The rules of resources and their members."""

from collections.abc import Iterable
from typing import Any, cast

from .. import ast
from ..hints.declaration_typos import EVENTS, hook_meant, nearest_event
from ..hints.queue_words import queue_hint
from ..source import Span
from ..suggest import nearest
from ..tokens import FIELD_ANNOTATIONS, FILE_ANNOTATIONS, MEMBER_ANNOTATIONS, Token
from .builders import Context, rule
from .types import check_duplicates, check_marker

AnnotationBody = tuple[list[ast.Pair], ast.Block | None]
Modifier = tuple[Span, tuple[ast.Argument, ...] | None]
"""`@transaction`, or `@async` with its options."""

_ALIASES = {
    **dict.fromkeys(("max_length", "maxlength", "maximum", "lte"), "max"),
    **dict.fromkeys(("min_length", "minlength", "minimum", "gte"), "min"),
    **dict.fromkeys(("regex", "format", "matches"), "pattern"),
    **dict.fromkeys(("pk", "primary_key", "id", "key"), "primary"),
    **dict.fromkeys(("not_null", "notnull", "presence", "mandatory"), "required"),
    **dict.fromkeys(("auto_increment", "generated", "autogenerate"), "auto"),
    **dict.fromkeys(("updated", "auto_now"), "auto_update"),
    **dict.fromkeys(("renamed", "renamed_from", "formerly", "previously", "old_name"), "was"),
}
"""Our names for annotations of other languages."""


@rule
def file(context: Context, _: Span, items: list[ast.Resource | ast.Annotation]) -> ast.File:
    return ast.File(
        Span(context.source, 0, len(context.source.text)),
        tuple(item for item in items if isinstance(item, ast.Annotation)),
        tuple(item for item in items if isinstance(item, ast.Resource)),
    )


@rule
def resource(
    context: Context, span: Span, name: ast.Name, members: list[ast.ResourceMember]
) -> ast.Resource:
    check_duplicates(context, [member for member in members if isinstance(member, ast.Field)])
    return ast.Resource(span, name, tuple(members), context.docs.get(span.start))


@rule
def field(
    context: Context,
    span: Span,
    name: ast.Name,
    type: ast.TypeRef,
    before: list[ast.Annotation],
    options: list[ast.Pair] | None,
    after: list[ast.Annotation] | None,
) -> ast.Field:
    check_marker(context, type)
    annotations = (*before, *(after or ()))
    return ast.Field(
        span, name, type, annotations, tuple(options or ()), context.docs.get(span.start)
    )


@rule
def field_annotation(
    context: Context, span: Span, token: Token, arguments: list[ast.Argument]
) -> ast.Annotation:
    name = _annotation_name(context, token)
    if name.text not in FIELD_ANNOTATIONS:
        _unknown(context, name, FIELD_ANNOTATIONS)
    return ast.Annotation(span, name, tuple(arguments))


@rule
def loose_annotation(
    context: Context, span: Span, token: Token, arguments: list[ast.Argument]
) -> ast.Annotation:
    name = _annotation_name(context, token)
    _warn(context, name.span, f"`@{name.text}` belongs to a field, and there is none before it")
    return ast.Annotation(span, name, tuple(arguments))


@rule
def annotation(
    context: Context,
    span: Span,
    token: Token,
    label: ast.Name | ast.String | None,
    arguments: list[ast.Argument],
    body: AnnotationBody | None,
) -> ast.Annotation | ast.Hook:
    name = _annotation_name(context, token)
    meant = hook_meant(name.text)
    pairs, block = body or ([], None)
    event = label if isinstance(label, ast.Name) and label.text in EVENTS else None
    if block and (event or (meant and " " in meant)):
        hint = f"write `{meant}`" if meant else "write `@before` or `@after`"
        context.error("SYN014", name.span, f"there is no hook timing `@{name.text}`", hint)
        timing, _, named = (meant or "@before").partition(" ")
        head = Token("HOOK", timing, span.start, name.span.end)
        return hook(context, span, head, event or ast.Name(name.span, named), [], block)
    if name.text not in FILE_ANNOTATIONS:
        _unknown(context, name, [*MEMBER_ANNOTATIONS, *FIELD_ANNOTATIONS])
    return ast.Annotation(span, name, tuple(arguments), label, tuple(pairs), block)


def _annotation_name(context: Context, token: Token) -> ast.Name:
    return ast.Name(Span(context.source, token.start + 1, token.end), token.text[1:])


def _unknown(context: Context, name: ast.Name, known: Iterable[str]) -> None:
    """Warn about an unknown annotation."""
    near = _ALIASES.get(name.text) or nearest(name.text, known)
    hint = f"did you mean `@{near}`?" if near else queue_hint(name.text)
    _warn(context, name.span, f"`@{name.text}` is unknown and has no effect here", hint)


def _warn(context: Context, span: Span, message: str, hint: str | None = None) -> None:
    context.warning("SYN012", span, message, hint)


@rule
def body(_: Context, span: Span, parts: list[Any] | None) -> AnnotationBody:
    if parts and isinstance(parts[0], ast.Pair):
        return parts, None
    return [], ast.Block(span, tuple(parts or ()))


@rule
def nested(_: Context, span: Span, name: ast.Name, alias: ast.String | None) -> ast.Setting:
    return ast.Setting(span, "nested", name, alias, None)


@rule
def setting(_: Context, span: Span, token: Token, value: ast.Expr) -> ast.Setting:
    kind = cast("ast.SettingKind", token.text[1:])
    return ast.Setting(span, kind, None, None, value)


@rule
def on(_: Context, span: Span, name: ast.Name, value: ast.Expr) -> ast.Setting:
    return ast.Setting(span, "on", name, None, value)


@rule
def computed(
    context: Context, span: Span, name: ast.Name, type: ast.TypeRef, body: AnnotationBody
) -> ast.Computed:
    check_marker(context, type)
    pairs, block = body
    if block is None:
        block = ast.Block(Span(context.source, type.span.end, span.end), ())
    return ast.Computed(span, name, type, block, context.docs.get(span.start), tuple(pairs))


@rule
def scope(
    context: Context,
    span: Span,
    name: ast.Name,
    parameters: list[ast.Parameter],
    body: AnnotationBody,
) -> ast.Scope:
    pairs, block = body
    doc = context.docs.get(span.start)
    return ast.Scope(span, name, tuple(parameters), tuple(pairs), block, doc)


@rule
def resource_rule(
    context: Context, span: Span, token: Token, name: ast.Name | None, body: AnnotationBody
) -> ast.Rule:
    kind = cast("ast.RuleKind", token.text[1:])
    pairs, block = body
    return ast.Rule(span, kind, name, tuple(pairs), block, context.docs.get(span.start))


@rule
def transaction(_: Context, span: Span) -> Modifier:
    return span, None


@rule
def async_header(_: Context, span: Span, options: list[ast.Argument]) -> Modifier:
    return span, tuple(options)


@rule
def hook(
    context: Context,
    span: Span,
    token: Token,
    event: ast.Name | None,
    modifiers: list[Modifier],
    body: ast.Block,
) -> ast.Hook:
    where = context.span(token)
    transactions = [header for header, options in modifiers if options is None]
    asyncs = [(header, options) for header, options in modifiers if options is not None]
    for again in (*transactions[1:], *(header for header, _ in asyncs[1:])):
        message = f"`{again.text.partition('(')[0]}` appears twice"
        context.error("SYN001", again, message, "remove one of them")
    ends = [where, *([event.span] if event else ()), *(header for header, _ in modifiers)]
    if asyncs:
        header, options = asyncs[0]
        work = ast.Async(Span(context.source, header.start, body.span.end), options, body, header)
        body = ast.Block(work.span, (work,))
    return ast.Hook(
        span,
        cast("ast.HookTiming", token.text[1:]),
        _event_of(context, where, token.text, event),
        bool(transactions),
        body,
        Span(context.source, span.start, ends[-1].end),
        context.docs.get(span.start),
    )


def _event_of(context: Context, where: Span, timing: str, event: ast.Name | None) -> ast.Event:
    """Return the event of a hook; report one that does not exist."""
    if event is None:
        hint = f"for example `{timing} create`"
        context.error("SYN015", where, "this hook does not say its event", hint)
        return "update"
    if event.text not in EVENTS:
        near = nearest_event(event.text)
        hint = queue_hint(event.text) or "it is create, update, delete or save"
        hint = f"did you mean `{near}`?" if near else hint
        context.error("SYN015", event.span, f"there is no event `{event.text}`", hint)
        return cast("ast.Event", near) if near else "update"
    return cast("ast.Event", event.text)
