"""`Context`: in a hook the request's, elsewhere the captured one."""

from dataclasses import replace

from ... import ast
from ...analyses.walk import key_path
from ...program import Capture, LibraryCall
from ...python import literals
from ...python.code import (
    Code,
    Effect,
    Line,
    NotNil,
    Precedence,
    assignment,
    close,
    combine,
    holds,
    if_,
    negate,
)
from ..expressions.dispatch import lower
from .function_builder import FunctionBuilder

_USER = Code("context.current_user", Precedence.PRIMARY)
_WHAT = "Context.current_user"
_IS_KNOWN = holds([NotNil(_USER.text)])


def context_value(fn: FunctionBuilder, node: ast.Expr) -> Code | None:
    """Return `Context.current_user` or a part of it: of the request, or captured."""
    start, names = key_path(fn.module.facts, node)
    root = fn.resolved(start)
    if not isinstance(root, LibraryCall) or root.signature.namespace != "Context":
        return None
    capture = fn.captured.find("context", (root.signature.name, *names))
    if capture is not None:
        return _captured(fn, capture)
    return _of_request(fn, root.signature.name) if not names else None


def request_value(fn: FunctionBuilder, capture: Capture) -> Code:
    """Return the value that a hook captures; nil if a required user is unknown.

    Then the job fails, when it uses the value.
    """
    name, *keys = capture.path
    if name == "authenticated?":
        return _IS_KNOWN
    if name == "current_user!" and not keys:
        return _USER
    assert capture.node is not None
    if name != "current_user!":
        return close(lower(fn, capture.node))
    with fn.overriding(knows_user=True):
        code = close(lower(fn, capture.node))
    if not code.before:
        return Code(f"{code.text} if {_IS_KNOWN.text} else None", Precedence.TERNARY)
    value = fn.names.fresh(capture.python)
    line = Line(f"{value}: {fn.use('typing', 'Any')} = None")
    known = if_(_IS_KNOWN, [*code.before, assignment(value, code.text)])
    return Code(value, before=(line, known))


def _captured(fn: FunctionBuilder, capture: Capture) -> Code:
    value = fn.captured.value(capture)
    if capture.path[0] != "current_user!":
        return value
    if len(capture.path) == 1:
        return fn.unwrap(value, _WHAT, Effect.FAILS)
    test = fn.captured.get("context", ("authenticated?",))
    assert test is not None
    failing = fn.operator("fail", [Code(literals.quoted("Context.current_user is nil"))])
    if not fn.lazy:
        check = if_(negate(test), [Line(failing.text, effect=Effect.FAILS)])
        return replace(value, before=(*value.before, check))
    text = f"{value.text} if {test.text} else {failing.text}"
    return combine(text, Precedence.TERNARY, [value], Effect.FAILS)


def _of_request(fn: FunctionBuilder, name: str) -> Code:
    if name == "authenticated?":
        return _IS_KNOWN
    attribute = Code(f"context.{name.rstrip('!')}", Precedence.PRIMARY)
    if fn.knows_user or not name.endswith("!"):
        return attribute
    return fn.unwrap(attribute, _WHAT, Effect.FAILS)
