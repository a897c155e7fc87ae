"""Calls of the standard library: `String.trim(x)` and `x.trim()`."""

from ... import ast
from ...hints.foreign_names import method_hint
from ...lexer.literals import BadLiteralError, check_pattern
from ...library import ENDS, LIBRARY, OF_UNKNOWN, Signature, methods
from ...program import LibraryCall
from ...suggest import did_you_mean
from ...types import (
    ANY,
    DECIMAL,
    INT,
    STRING,
    Array,
    Function,
    Optional,
    Type,
    is_nullable,
    required,
)
from ..body import Body, Inference
from ..coercion import coerce_to_decimal, coerces, constant_text
from ..expressions.access import receiver_type
from ..expressions.entries import entry
from ..expressions.lambdas import infer_lambda
from ..expressions.narrow import narrow_by_test, narrowed
from ..lattice import INVALID, InvalidType, is_assignable, is_unknown
from ..require import require
from ..wording import describe, snippet
from .arguments import bind, infer_arguments
from .type_variables import Bindings, agree, bound, substitute, unify

_LITERALS: dict[type[ast.Node], Type] = {ast.String: STRING, ast.Int: INT}


def library_call(body: Body, node: ast.Call, signature: Signature) -> Inference:
    """A call by the function's full name."""
    return (yield from _call(body, node, signature, None))


def method_call(body: Body, node: ast.Call, callee: ast.Member, kind: Type) -> Inference:
    """A call as a method of its first parameter; `kind` is the type of the receiver."""
    name = callee.name.text
    candidates = methods(name)
    signature = _choose(body, node, callee, candidates, kind)
    if signature is None:
        yield from infer_arguments(node)
        return INVALID
    if not (is_nullable(kind) and _accepts_nil(signature)) or callee.safe:
        kind = receiver_type(body, callee, kind)
    if callee in body.short_circuits:
        body.short_circuits.add(node)
    return (yield from _call(body, node, signature, callee.target, callee.safe))


def _choose(
    body: Body,
    node: ast.Call,
    callee: ast.Member,
    candidates: tuple[Signature, ...],
    kind: Type,
) -> Signature | None:
    name = callee.name.text
    plain = required(kind)
    if isinstance(plain, InvalidType):
        return candidates[0] if len(candidates) == 1 else None
    if is_unknown(plain):
        if len(candidates) == 1:
            return candidates[0]
        if (found := OF_UNKNOWN.get(name)) is not None:
            return found
        taking = [each for each in candidates if _takes(each, node)]
        if len(taking) == 1:
            return taking[0]
        if candidates:
            shown = " or ".join(f"`{c.call}({snippet(callee.target)})`" for c in candidates)
            body.error(
                "SEM201",
                callee.name,
                f"the type of `{snippet(callee.target)}` is not known, so `{name}` is ambiguous",
                f"write {shown}",
            )
        else:
            hint = method_hint(snippet(callee.target), name) or _close(name, None)
            body.error("SEM201", callee.name, f"there is no method `{name}`", hint)
        return None
    fitting = [c for c in candidates if c.receiver is not None and _accepts(c.receiver, plain)]
    if fitting:
        return min(fitting, key=lambda c: c.receiver == ANY)
    hint = method_hint(snippet(callee.target), name) or _close(name, plain)
    body.error("SEM201", callee.name, f"{describe(plain)} has no method `{name}`", hint)
    return None


def _takes(signature: Signature, node: ast.Call) -> bool:
    """Whether a call's arguments may be those of a method, judged by its literals."""
    own = signature.parameters[1:]
    given = [argument.value for argument in node.arguments if argument.name is None]
    if len(given) > len(own) or any(each.required for each in own[len(given) :]):
        return False
    kinds = [_LITERALS.get(type(each), ANY) for each in given]
    return all(is_assignable(kind, each.type) for kind, each in zip(kinds, own, strict=False))


def _close(name: str, kind: Type | None) -> str | None:
    known = {
        signature.name
        for signature in _all_methods()
        if kind is None or (signature.receiver is not None and _accepts(signature.receiver, kind))
    }
    return did_you_mean(name, known)


def _all_methods() -> list[Signature]:
    return [s for functions in LIBRARY.values() for s in functions.values() if s.method]


def _accepts(receiver: Type, kind: Type) -> bool:
    return is_assignable(kind, bound(receiver))


def _accepts_nil(signature: Signature) -> bool:
    receiver = signature.receiver
    return receiver is not None and (isinstance(receiver, Optional) or receiver == ANY)


def _call(
    body: Body,
    node: ast.Call,
    signature: Signature,
    receiver: ast.Expr | None,
    safe: bool = False,
) -> Inference:
    parameters = [p for p in signature.parameters if not p.rest]
    given, rest, extra = _assign(body, node, signature, receiver)
    bindings: Bindings = {}
    for parameter, value in zip(parameters, given, strict=True):
        if value is None:
            continue
        pattern = parameter.type
        if isinstance(value, ast.Lambda) and isinstance(pattern, Function):
            wanted = tuple(substitute(kind, bindings) for kind in pattern.parameters)
            actual: Type = yield from infer_lambda(body, value, wanted)
        elif value is receiver:
            actual = body.type_of(value)
            actual = actual if _accepts_nil(signature) else required(actual)
        else:
            actual = yield value
        if value is receiver or not coerces(value, substitute(pattern, bindings)):
            unify(pattern, actual, bindings)
        elif required(substitute(pattern, bindings)) == DECIMAL:
            coerce_to_decimal(body, value)
        if value is not receiver:
            expected = substitute(pattern, bindings)
            require(body, value, expected, f"`{parameter.name}` of `{signature.call}`", "TYP131")
    for value in rest:
        actual = yield value
        pattern = signature.parameters[-1].type
        kind = substitute(pattern, bindings)
        if not coerces(value, kind):
            unify(pattern, actual, bindings)
            kind = bound(pattern)
        require(body, value, kind, f"`{signature.call}`", "TYP131")
    for argument in extra:
        yield argument.value
    agree(body, signature, [*given, *rest], bindings)
    found = LibraryCall(signature, (*given, *rest), extra, safe)
    body.facts.resolutions[node] = found
    narrow_by_test(body, node, found)
    by_name = {p.name: value for p, value in zip(parameters, given, strict=True)}
    if signature.namespace == "Regex":
        _check_regex(body, by_name.get("pattern"))
    return narrowed(body, node, _result(body, node, found, by_name, bindings))


def _check_regex(body: Body, pattern: ast.Expr | None) -> None:
    """Report a constant text that is no pattern."""
    text = constant_text(pattern) if pattern is not None else None
    if pattern is None or text is None:
        return
    try:
        check_pattern(text, len(text))
    except BadLiteralError as error:
        body.error("VAL522", pattern, str(error))


def _assign(
    body: Body, node: ast.Call, signature: Signature, receiver: ast.Expr | None
) -> tuple[list[ast.Expr | None], list[ast.Expr], tuple[ast.Argument, ...]]:
    parameters = [p for p in signature.parameters if not p.rest]
    has_rest = len(parameters) < len(signature.parameters)
    names = {p.name for p in parameters}
    arguments = list(node.arguments)
    if receiver is not None:
        arguments.insert(0, ast.Argument(receiver.span, None, receiver))
    extra: list[ast.Argument] = []
    if signature.named_values:
        extra = [a for a in arguments if a.name is not None and a.name.text not in names]
    rest: list[ast.Expr] = []
    if has_rest:
        positional = [a for a in arguments if a.name is None]
        rest = [a.value for a in positional[len(parameters) :]]
    left_out = {id(a) for a in extra} | {
        id(a) for a in arguments if any(a.value is value for value in rest)
    }
    kept = tuple(a for a in arguments if id(a) not in left_out)
    view = ast.Call(node.span, node.callee, kept)
    needed = [(p.name, p.required) for p in parameters]
    name = signature.name if receiver is not None else signature.call
    return bind(body, view, name, needed, receiver), rest, tuple(extra)


def _result(
    body: Body,
    node: ast.Call,
    call: LibraryCall,
    given: dict[str, ast.Expr | None],
    bindings: Bindings,
) -> Type:
    signature = call.signature
    if (position := ENDS.get(signature.call)) is not None and (items := call.arguments[0]):
        kind = required(body.type_of(items))
        if isinstance(kind, Array) and kind.entries is not None and kind.entries.types:
            return entry(body, node, items, kind, position, node.span)
    result = substitute(signature.result, bindings)
    if signature.fallback is not None:
        fallback = given.get(signature.fallback)
        if fallback is not None and not is_nullable(body.type_of(fallback)):
            return required(result)
    if signature.whole_at_zero is not None:
        precision = given.get(signature.whole_at_zero)
        if precision is None or (isinstance(precision, ast.Int) and precision.value == 0):
            return INT
    return result
