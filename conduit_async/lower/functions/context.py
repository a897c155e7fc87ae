"""`Context`: of the request in a hook, elsewhere as it was captured."""

from dataclasses import replace

from ... import ast
from ...program import Capture, KeyAccess, LibraryCall
from ...python import literals
from ...python.code import Code, Effect, Line, Precedence, body_of, close, combine
from ..expressions.dispatch import lower
from .function_builder import FunctionBuilder

_USER = "context.current_user"
_WHAT = '"Context.current_user"'


def context_value(fn: FunctionBuilder, node: ast.Expr) -> Code | None:
    """`Context.current_user` and what is read of it: of the request, or captured."""
    resolutions = fn.module.facts.resolutions
    names: list[str] = []
    current = node
    while isinstance(current, ast.Member) and isinstance(resolutions.get(current), KeyAccess):
        names.insert(0, current.name.text)
        current = current.target
    root = resolutions.get(current)
    if not isinstance(root, LibraryCall) or root.signature.namespace != "Context":
        return None
    capture = fn.capture("context", (root.signature.name, *names))
    if capture is not None:
        return _captured(fn, capture)
    return _of_request(fn, root.signature.name) if not names else None


def request_value(fn: FunctionBuilder, capture: Capture) -> Code:
    """What is captured in a hook; nil of a user who is required but not known.

    It is the job that fails then, where control reaches the use of the value.
    """
    name, *keys = capture.path
    if name == "authenticated?":
        return _of_request(fn, name)
    if name == "current_user!" and not keys:
        return Code(_USER, Precedence.PRIMARY)
    assert capture.node is not None
    code = close(lower(fn, capture.node))
    if name != "current_user!":
        return code
    unwrap = fn.module.imports.operator("unwrap")
    if not code.before:
        inner = code.text.replace(f"{unwrap}({_USER}, {_WHAT})", _USER)
        return Code(f"{inner} if {_USER} is not None else None", Precedence.TERNARY)
    value = fn.fresh(capture.python)
    any_ = fn.module.imports.use("typing", "Any")
    lines = [
        Line(f"{value}: {any_} = None"),
        Line(f"if {_USER} is not None:"),
        *body_of([*code.before, Line(f"{value} = {code.text}")]),
    ]
    return Code(value, before=tuple(lines))


def _captured(fn: FunctionBuilder, capture: Capture) -> Code:
    value = fn.captured(capture)
    if capture.path[0] != "current_user!":
        return value
    if len(capture.path) == 1:
        unwrap = fn.module.imports.operator("unwrap")
        text = f"{unwrap}({value.text}, {_WHAT})"
        return combine(text, Precedence.PRIMARY, [value], Effect.FAILS)
    known = fn.capture("context", ("authenticated?",))
    assert known is not None
    fail = fn.module.imports.operator("fail")
    failing = f"{fail}({literals.quoted('Context.current_user is nil')})"
    condition = fn.captured(known).text
    if not fn.lazy:
        check = (
            Line(f"if not {condition}:", effect=Effect.NONE),
            *body_of([Line(failing, effect=Effect.FAILS)]),
        )
        return replace(value, before=(*value.before, *check))
    text = f"{value.text} if {condition} else {failing}"
    return combine(text, Precedence.TERNARY, [value], Effect.FAILS)


def _of_request(fn: FunctionBuilder, name: str) -> Code:
    if name == "authenticated?":
        return Code(f"{_USER} is not None", Precedence.COMPARISON)
    attribute = Code(f"context.{name.rstrip('!')}", Precedence.PRIMARY)
    if not name.endswith("!"):
        return attribute
    unwrap = fn.module.imports.operator("unwrap")
    text = f"{unwrap}({attribute.text}, {_WHAT})"
    return Code(text, Precedence.PRIMARY, effect=Effect.FAILS)
