"""Calls of the standard library: `String.trim(x)` and `x.trim()`."""

from ... import ast
from ...hints.foreign_names import method_hint
from ...lexer.literals import BadLiteralError, check_pattern
from ...library import ENDS, LIBRARY, OF_UNKNOWN, Signature, methods
from ...library.signature import MOMENT
from ...program import LibraryCall
from ...suggest import did_you_mean
from ...types import (
    ANY,
    DECIMAL,
    INT,
    NIL,
    STRING,
    AnyType,
    Array,
    FunctionType,
    Optional,
    Type,
    is_nullable,
    required,
)
from ..body import Body
from ..coercion import coerce_to_decimal, coerces
from ..expressions.access import receiver_type
from ..expressions.control import infer_lambda
from ..expressions.indexing import entry
from ..expressions.narrow import narrow_by_test, narrowed
from ..lattice import INVALID, InvalidType, is_assignable, is_number, is_unknown
from ..require import require
from ..wording import describe, snippet
from .arguments import bind, infer_arguments
from .type_variables import Bindings, agree, bound, substitute, unify

_LITERALS: dict[type[ast.Node], Type] = {ast.String: STRING, ast.Int: INT}


def library_call(body: Body, node: ast.Call, signature: Signature) -> Type:
    """Check a call by the function's full name."""
    if signature.namespace == "Job" and body.job is None:
        message = f"`{signature.call}` is for the code of an `@async` block"
        if body.kind == "function":
            hint = "let the block itself sleep or wait, before or behind the call of the function"
        else:
            hint = "a hook holds its caller's transaction, and never waits: write `@async { … }`"
        body.error("ASY913", node, message, hint)
    return _call(body, node, signature, None)


def method_call(body: Body, node: ast.Call, callee: ast.Member, kind: Type) -> Type:
    """Check a call as a method of the first parameter; `kind` is the type of the receiver."""
    signature = _choose(body, node, callee, kind)
    if signature is None:
        infer_arguments(body, node)
        return INVALID
    if not (is_nullable(kind) and _accepts_nil(signature)) or callee.safe:
        kind = receiver_type(body, callee, kind, node)
    return _call(body, node, signature, callee.target, callee.safe)


def _choose(body: Body, node: ast.Call, callee: ast.Member, kind: Type) -> Signature | None:
    """The overload of a method for the type of its receiver; None after an error."""
    name, shown, kind = callee.name.text, snippet(callee.target), required(kind)
    candidates = methods(name)
    if isinstance(kind, InvalidType):
        return candidates[0] if len(candidates) == 1 else None
    message = f"{describe(kind)} has no method `{name}`"
    if not is_unknown(kind):
        if fitting := [each for each in candidates if _accepts(each, kind)]:
            return min(fitting, key=lambda each: each.receiver == ANY)
    elif len(candidates) == 1:
        return candidates[0]
    elif (found := OF_UNKNOWN.get(name)) is not None:
        return found
    elif not candidates:
        message = f"there is no method `{name}`"
    else:
        taking = [each for each in candidates if _takes(each, node)]
        if len(taking) == 1:
            return taking[0]
        message = f"the type of `{shown}` is not known, so `{name}` is ambiguous"
        calls = " or ".join(f"`{each.call}({shown})`" for each in candidates)
        body.error("SEM201", callee.name, message, f"write {calls}")
        return None
    every = (each for functions in LIBRARY.values() for each in functions.values() if each.method)
    known = {each.name for each in every if _accepts(each, kind)}
    hint = method_hint(shown, name) or did_you_mean(name, known)
    body.error("SEM201", callee.name, message, hint)
    return None


def _takes(signature: Signature, node: ast.Call) -> bool:
    """Whether the number and the literals of a call's arguments fit a method."""
    own = signature.parameters[1:]
    given = [argument.value for argument in node.arguments if argument.name is None]
    if len(given) > len(own) or any(each.required for each in own[len(given) :]):
        return False
    kinds = [_LITERALS.get(type(each), ANY) for each in given]
    return all(is_assignable(kind, each.type) for kind, each in zip(kinds, own, strict=False))


def _accepts(signature: Signature, kind: Type) -> bool:
    return signature.receiver is not None and is_assignable(kind, bound(signature.receiver))


def _accepts_nil(signature: Signature) -> bool:
    return isinstance(signature.receiver, Optional) or signature.receiver == ANY


def _call(
    body: Body,
    node: ast.Call,
    signature: Signature,
    receiver: ast.Expr | None,
    safe: bool = False,
) -> Type:
    parameters = [p for p in signature.parameters if not p.rest]
    given, rest, extra = _assign(body, node, signature, receiver)
    bindings: Bindings = {}
    taking = [*parameters, *(signature.parameters[-1:] * len(rest))]
    for parameter, value in zip(taking, [*given, *rest], strict=True):
        if value is None:
            continue
        pattern = parameter.type
        if value is receiver:
            actual = body.type_of(value)
            unify(pattern, actual if _accepts_nil(signature) else required(actual), bindings)
            continue
        if isinstance(value, ast.Lambda) and isinstance(pattern, FunctionType):
            wanted = tuple(substitute(kind, bindings) for kind in pattern.parameters)
            actual = infer_lambda(body, value, wanted)
        else:
            actual = body.infer(value)
        expected = substitute(pattern, bindings)
        if not coerces(value, expected):
            unify(pattern, actual, bindings)
            expected = substitute(bound(pattern), bindings)
        elif required(expected) == DECIMAL and not parameter.rest:
            coerce_to_decimal(body, value)
        what = f"`{signature.call}`"
        if not parameter.rest:
            what = f"`{parameter.name}` of {what}"
        require(body, value, expected, what, "TYP131")
    for argument in extra:
        body.infer(argument.value)
    agree(body, signature, [*given, *rest], bindings)
    _check_mixed(body, node, signature, given, bindings)
    found = LibraryCall(signature, (*given, *rest), extra, safe)
    body.facts.resolutions[node] = found
    narrow_by_test(body, node, found)
    by_name = {p.name: value for p, value in zip(parameters, given, strict=True)}
    if signature.namespace == "Regex":
        _check_regex(body, by_name.get("pattern"))
    return narrowed(body, node, _result(body, node, found, by_name, bindings))


def _check_mixed(
    body: Body,
    node: ast.Call,
    signature: Signature,
    given: list[ast.Expr | None],
    bindings: Bindings,
) -> None:
    """Report values that have no order or no difference: a date beside a timestamp."""
    found = bindings.get(MOMENT.name)
    if signature.call == "Array.sort" and given[0] is not None:
        kind = required(body.type_of(given[0]))
        found = required(kind.item) if isinstance(kind, Array) else None
    kinds = found.kinds if isinstance(found, AnyType) else ()
    fits = signature.call == "Array.sort" or all(
        is_assignable(each, bound(MOMENT)) for each in kinds
    )
    if kinds and fits and not all(map(is_number, kinds)):
        shown = " and ".join(map(describe, kinds))
        message = f"`{signature.call}` cannot compare {shown}"
        body.error("TYP131", node, message, "make them values of one type")


def _check_regex(body: Body, pattern: ast.Expr | None) -> None:
    """Report an invalid pattern."""
    text = ast.constant_text(pattern) if pattern is not None else None
    if pattern is None or text is None:
        return
    try:
        check_pattern(text, len(text))
    except BadLiteralError as error:
        body.error("VAL522", pattern, str(error))


def _assign(
    body: Body, node: ast.Call, signature: Signature, receiver: ast.Expr | None
) -> tuple[list[ast.Expr | None], list[ast.Expr], tuple[ast.Argument, ...]]:
    """The values of the parameters, those of the rest parameter, and other named arguments."""
    parameters = [(p.name, p.required) for p in signature.parameters if not p.rest]
    arguments = [*node.arguments]
    if receiver is not None:
        arguments.insert(0, ast.Argument(receiver.span, None, receiver))
    extra: tuple[ast.Argument, ...] = ()
    rest: list[ast.Argument] = []
    if signature.named_values:
        names = {name for name, _ in parameters}
        extra = tuple(a for a in arguments if a.name is not None and a.name.text not in names)
    if signature.parameters[-1:] and signature.parameters[-1].rest:
        rest = [each for each in arguments if each.name is None][len(parameters) :]
    arguments = [each for each in arguments if each not in extra and each not in rest]
    name = signature.name if receiver is not None else signature.call
    given = bind(body, node, name, parameters, arguments, int(receiver is not None))
    return given, [each.value for each in rest], extra


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
        if isinstance(kind, Array) and kind.entries is not None:
            if kind.entries.types:
                return entry(body, node, items, kind, position, node)
            if kind.entries.closed:
                return NIL
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
