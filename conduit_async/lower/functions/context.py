"""`Context`: of the request in a hook, elsewhere as it was captured."""

from dataclasses import replace

from ... import ast
from ...program import Capture, KeyAccess, LibraryCall
from ..expressions.dispatch import lower
from ..python import literals
from ..python.code import Code, Effect, Line, Strength, body_of, close, made_of
from .function_builder import Frame

_USER = "context.current_user"
_WHAT = '"Context.current_user"'


def context_value(frame: Frame, node: ast.Expr) -> Code | None:
    """`Context.current_user` and what is read of it: of the request, or captured."""
    resolutions = frame.module.facts.resolutions
    names: list[str] = []
    current = node
    while isinstance(current, ast.Member) and isinstance(resolutions.get(current), KeyAccess):
        names.insert(0, current.name.text)
        current = current.target
    root = resolutions.get(current)
    if not isinstance(root, LibraryCall) or root.signature.namespace != "Context":
        return None
    capture = frame.capture("context", (root.signature.name, *names))
    if capture is not None:
        return _captured(frame, capture)
    return _of_request(frame, root.signature.name) if not names else None


def request_value(frame: Frame, capture: Capture) -> Code:
    """What is captured in a hook; nil of a user who is required but not known.

    It is the job that fails then, where control reaches the use of the value.
    """
    name, *keys = capture.path
    if name == "authenticated?":
        return _of_request(frame, name)
    if name == "current_user!" and not keys:
        return Code(_USER, Strength.PRIMARY)
    assert capture.node is not None
    code = close(lower(frame, capture.node))
    if name != "current_user!":
        return code
    unwrap = frame.module.imports.operator("unwrap")
    if not code.before:
        inner = code.text.replace(f"{unwrap}({_USER}, {_WHAT})", _USER)
        return Code(f"{inner} if {_USER} is not None else None", Strength.TERNARY)
    value = frame.fresh(capture.python)
    any_ = frame.module.imports.use("typing", "Any")
    lines = [
        Line(f"{value}: {any_} = None"),
        Line(f"if {_USER} is not None:"),
        *body_of([*code.before, Line(f"{value} = {code.text}")]),
    ]
    return Code(value, before=tuple(lines))


def _captured(frame: Frame, capture: Capture) -> Code:
    value = frame.captured(capture)
    if capture.path[0] != "current_user!":
        return value
    if len(capture.path) == 1:
        unwrap = frame.module.imports.operator("unwrap")
        text = f"{unwrap}({value.text}, {_WHAT})"
        return made_of(text, Strength.PRIMARY, [value], Effect.FAILS)
    known = frame.capture("context", ("authenticated?",))
    assert known is not None
    fail = frame.module.imports.operator("fail")
    failing = f"{fail}({literals.quoted('Context.current_user is nil')})"
    condition = frame.captured(known).text
    if not frame.lazy:
        check = (
            Line(f"if not {condition}:", effect=Effect.NONE),
            *body_of([Line(failing, effect=Effect.FAILS)]),
        )
        return replace(value, before=(*value.before, *check))
    text = f"{value.text} if {condition} else {failing}"
    return made_of(text, Strength.TERNARY, [value], Effect.FAILS)


def _of_request(frame: Frame, name: str) -> Code:
    if name == "authenticated?":
        return Code(f"{_USER} is not None", Strength.COMPARISON)
    attribute = Code(f"context.{name.rstrip('!')}", Strength.PRIMARY)
    if not name.endswith("!"):
        return attribute
    unwrap = frame.module.imports.operator("unwrap")
    text = f"{unwrap}({attribute.text}, {_WHAT})"
    return Code(text, Strength.PRIMARY, effect=Effect.FAILS)
