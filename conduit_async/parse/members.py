"""The rules of resources and their members."""

from collections.abc import Iterable
from typing import cast

from .. import ast
from ..hints.declaration_typos import EVENTS, hook_meant, nearest_event
from ..hints.queue_words import queue_hint
from ..source import Span
from ..suggest import nearest
from ..tokens import FIELD_ANNOTATIONS, FILE_ANNOTATIONS, MEMBER_ANNOTATIONS, Token
from .types import TypeRules

Body = tuple[list[ast.Pair], ast.Block | None]
_ALIASES = {
    **dict.fromkeys(("max_length", "maxlength", "maximum", "lte"), "max"),
    **dict.fromkeys(("min_length", "minlength", "minimum", "gte"), "min"),
    **dict.fromkeys(("regex", "format", "matches"), "pattern"),
    **dict.fromkeys(("pk", "primary_key", "id", "key"), "primary"),
    **dict.fromkeys(("not_null", "notnull", "presence", "mandatory"), "required"),
    **dict.fromkeys(("auto_increment", "generated", "autogenerate"), "auto"),
    **dict.fromkeys(("updated", "auto_now"), "auto_update"),
}
"""What annotations of other languages are called here."""


class MemberRules(TypeRules):
    """Builds files, resources and their members."""

    def file(self, span: Span, items: list[ast.Resource | ast.Annotation]) -> ast.File:
        return ast.File(
            span,
            tuple(item for item in items if isinstance(item, ast.Annotation)),
            tuple(item for item in items if isinstance(item, ast.Resource)),
        )

    def resource(
        self, span: Span, name: ast.Name, members: list[ast.ResourceMember]
    ) -> ast.Resource:
        self.check_duplicates([member for member in members if isinstance(member, ast.Field)])
        return ast.Resource(span, name, tuple(members), self.docs.get(span.start))

    # Fields and annotations

    def field(
        self, span: Span, name: ast.Name, type: ast.TypeRef, annotations: list[ast.Annotation]
    ) -> ast.Field:
        self.check_marker(type)
        return ast.Field(span, name, type, tuple(annotations), (), self.docs.get(span.start))

    def field_with_options(
        self,
        span: Span,
        name: ast.Name,
        type: ast.TypeRef,
        before: list[ast.Annotation],
        options: list[ast.Pair],
        after: list[ast.Annotation],
    ) -> ast.Field:
        self.check_marker(type)
        doc = self.docs.get(span.start)
        return ast.Field(span, name, type, (*before, *after), tuple(options), doc)

    def field_annotation(
        self, span: Span, token: Token, arguments: list[ast.Argument]
    ) -> ast.Annotation:
        name = self.annotation_name(token)
        if name.text not in FIELD_ANNOTATIONS:
            self.unknown(name, FIELD_ANNOTATIONS)
        return ast.Annotation(span, name, tuple(arguments))

    def loose_annotation(
        self, span: Span, token: Token, arguments: list[ast.Argument]
    ) -> ast.Annotation:
        name = self.annotation_name(token)
        self.warn(name.span, f"`@{name.text}` belongs to a field, and there is none before it")
        return ast.Annotation(span, name, tuple(arguments))

    def annotation(
        self,
        span: Span,
        token: Token,
        label: ast.Name | ast.String | None,
        arguments: list[ast.Argument],
        body: Body,
    ) -> ast.Annotation | ast.Hook:
        name = self.annotation_name(token)
        meant = hook_meant(name.text)
        pairs, block = body
        event = label if isinstance(label, ast.Name) and label.text in EVENTS else None
        if block and (event or (meant and " " in meant)):
            hint = f"write `{meant}`" if meant else "write `@before` or `@after`"
            self.error("SYN014", name.span, f"there is no hook timing `@{name.text}`", hint)
            timing, _, named = (meant or "@before").partition(" ")
            head = Token("HOOK", timing, span.start, name.span.end)
            return self.hook(span, head, event or ast.Name(name.span, named), [], block)
        if name.text not in FILE_ANNOTATIONS:
            self.unknown(name, [*MEMBER_ANNOTATIONS, *FIELD_ANNOTATIONS])
        return ast.Annotation(span, name, tuple(arguments), label, tuple(pairs), block)

    def unknown(self, name: ast.Name, known: Iterable[str]) -> None:
        """Warn about an annotation that means nothing here."""
        near = _ALIASES.get(name.text) or nearest(name.text, known)
        hint = f"did you mean `@{near}`?" if near else queue_hint(name.text)
        self.warn(name.span, f"`@{name.text}` is unknown and has no effect here", hint)

    def warn(self, span: Span, message: str, hint: str | None = None) -> None:
        self.warning("SYN012", span, message, hint)

    def no_body(self, _: Span) -> Body:
        return [], None

    def empty_body(self, span: Span) -> Body:
        return [], ast.Block(span, ())

    def pairs_body(self, _: Span, pairs: list[ast.Pair]) -> Body:
        return pairs, None

    def statements_body(self, span: Span, statements: list[ast.Statement]) -> Body:
        return [], ast.Block(span, tuple(statements))

    def pair(self, span: Span, key: ast.Name, value: ast.Expr) -> ast.Pair:
        return ast.Pair(span, key, value)

    # Relations and settings

    def relation(
        self,
        span: Span,
        token: Token,
        target: ast.Name,
        through: ast.Name | None,
        alias: ast.String | None,
        options: list[ast.Pair],
    ) -> ast.Relation:
        kind = cast("ast.RelationKind", token.text[1:])
        doc = self.docs.get(span.start)
        return ast.Relation(span, kind, target, through, alias, tuple(options), doc)

    def nested(self, span: Span, name: ast.Name, alias: ast.String | None) -> ast.Setting:
        return ast.Setting(span, "nested", name, alias, None)

    def setting(self, span: Span, token: Token, value: ast.Expr) -> ast.Setting:
        kind = cast("ast.SettingKind", token.text[1:])
        return ast.Setting(span, kind, None, None, value)

    def on(self, span: Span, name: ast.Name, value: ast.Expr) -> ast.Setting:
        return ast.Setting(span, "on", name, None, value)

    # Functions, computed fields, scopes, rules

    def function(
        self,
        span: Span,
        name: ast.Name,
        parameters: list[ast.Parameter],
        result: ast.TypeRef | None,
        body: ast.Block,
    ) -> ast.Function:
        return ast.Function(span, name, tuple(parameters), result, body, self.docs.get(span.start))

    def no_parameters(self, _: Span) -> list[ast.Parameter]:
        return []

    def listed(self, _: Span, parameters: list[ast.Parameter]) -> list[ast.Parameter]:
        return parameters

    def parameter(
        self, span: Span, name: ast.Name, type: ast.TypeRef, default: ast.Expr | None = None
    ) -> ast.Parameter:
        return ast.Parameter(span, name, type, default)

    def computed(self, span: Span, name: ast.Name, type: ast.TypeRef, body: Body) -> ast.Computed:
        self.check_marker(type)
        pairs, block = body
        if block is None:
            block = ast.Block(Span(self.source, type.span.end, span.end), ())
        return ast.Computed(span, name, type, block, self.docs.get(span.start), tuple(pairs))

    def scope(
        self, span: Span, name: ast.Name, parameters: list[ast.Parameter], body: Body
    ) -> ast.Scope:
        pairs, block = body
        doc = self.docs.get(span.start)
        return ast.Scope(span, name, tuple(parameters), tuple(pairs), block, doc)

    def rule(self, span: Span, token: Token, body: Body) -> ast.Rule:
        return self.named_rule(span, token, None, body)

    def named_rule(self, span: Span, token: Token, name: ast.Name | None, body: Body) -> ast.Rule:
        kind = cast("ast.RuleKind", token.text[1:])
        pairs, block = body
        return ast.Rule(span, kind, name, tuple(pairs), block, self.docs.get(span.start))

    # Hooks

    def transaction(self, span: Span) -> Span:
        return span

    def async_header(
        self, span: Span, options: list[ast.Argument]
    ) -> tuple[Span, tuple[ast.Argument, ...]]:
        return span, tuple(options)

    def hook(
        self,
        span: Span,
        token: Token,
        event: ast.Name | None,
        modifiers: list[Span | tuple[Span, tuple[ast.Argument, ...]]],
        body: ast.Block,
    ) -> ast.Hook:
        timing = cast("ast.Timing", token.text[1:])
        where = self.span(token)
        transactions = [modifier for modifier in modifiers if isinstance(modifier, Span)]
        asyncs = [modifier for modifier in modifiers if isinstance(modifier, tuple)]
        for again in (*transactions[1:], *(span for span, _ in asyncs[1:])):
            message = f"`{again.text.partition('(')[0]}` appears twice"
            self.error("SYN001", again, message, "remove one of them")
        if asyncs:
            header, options = asyncs[0]
            work = ast.Async(Span(self.source, header.start, body.span.end), options, body, header)
            body = ast.Block(work.span, (work,))
        return ast.Hook(
            span,
            timing,
            self.event_of(where, token.text, event),
            bool(transactions),
            body,
            Span(self.source, span.start, self.header_end(where, event, modifiers)),
            self.docs.get(span.start),
        )

    def header_end(
        self,
        where: Span,
        event: ast.Name | None,
        modifiers: list[Span | tuple[Span, tuple[ast.Argument, ...]]],
    ) -> int:
        """Where a hook's header ends."""
        if modifiers:
            last = modifiers[-1]
            return last.end if isinstance(last, Span) else last[0].end
        return event.span.end if event else where.end

    def event_of(self, where: Span, timing: str, event: ast.Name | None) -> ast.Event:
        """The event of a hook; one that does not exist is reported."""
        if event is None:
            hint = f"for example `{timing} create`"
            self.error("SYN015", where, "this hook does not say its event", hint)
            return "update"
        if event.text not in EVENTS:
            near = nearest_event(event.text)
            hint = queue_hint(event.text) or "it is create, update, delete or save"
            hint = f"did you mean `{near}`?" if near else hint
            self.error("SYN015", event.span, f"there is no event `{event.text}`", hint)
            return cast("ast.Event", near) if near else "update"
        return cast("ast.Event", event.text)
