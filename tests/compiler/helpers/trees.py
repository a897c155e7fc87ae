"""A tree as text, for tests and for developers who want to see how a source is parsed."""

from typing import Any

from conduit_async import ast

_WIDTH = 96


def dump(node: ast.Node, indent: int = 0) -> str:
    """A node as an S-expression: its class, then its parts without empty ones.

    Chains of operators may have any length: the left operands are walked without recursion.
    """
    chain: list[ast.Node] = []
    while isinstance(node, ast.Binary | ast.Member | ast.Call | ast.Index | ast.Unwrap):
        chain.append(node)
        node = _left(node)
    text = _plain(node, indent)
    for outer in reversed(chain):
        text = _layout(type(outer).__name__, [text, *_parts(outer, indent, skip_left=True)], indent)
    return text


def _left(node: ast.Node) -> ast.Node:
    match node:
        case ast.Binary(left=left):
            return left
        case ast.Member(target=target) | ast.Index(target=target):
            return target
        case ast.Call(callee=callee):
            return callee
        case ast.Unwrap(operand=operand):
            return operand
    raise TypeError(type(node).__name__)


def _plain(node: ast.Node, indent: int) -> str:
    match node:
        case ast.Name(text=text):
            return text
        case ast.NameRef(name=name):
            return name
        case ast.SelfRef():
            return "self"
        case ast.Nil():
            return "nil"
        case ast.Bool(value=value):
            return str(value).lower()
        case ast.Int(value=value) | ast.Float(value=value):
            return repr(value)
        case ast.Symbol(name=name):
            return f":{name}"
        case ast.TypeRef(type=inner, required=required):
            return dump(inner, indent) + {True: "!", False: "?", None: ""}[required]
        case ast.NamedType(name=name, arguments=()):
            return name
        case ast.Regex(pattern=pattern, flags=flags):
            return f"/{pattern}/{flags}"
        case ast.String(parts=parts) if all(isinstance(part, str) for part in parts):
            return repr("".join(str(part) for part in parts))
    return _layout(type(node).__name__, _parts(node, indent), indent)


def _parts(node: ast.Node, indent: int, skip_left: bool = False) -> list[str]:
    left = _left(node) if skip_left else None
    shown = []
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if name in ("span", "operator_span", "header") or value is left:
            continue
        if value is None or value is False or value == ():
            continue
        text = _value(value, indent + 2)
        shown.append(text if name in _UNNAMED else f"{name}={text}")
    return shown


_UNNAMED = frozenset({
    "name", "value", "left", "right", "operator", "target", "operand", "text", "parts", "body",
    "statements", "items", "entries", "members", "resources", "type", "fields", "kind", "timing",
    "event", "amount", "unit", "condition", "branches", "key", "arguments", "subject", "arms",
    "patterns", "pattern", "flags", "element", "values", "parameters", "index", "iterable",
    "callee", "message", "annotations", "pairs",
})  # fmt: skip


def _value(value: Any, indent: int) -> str:
    if isinstance(value, ast.Node):
        return dump(value, indent)
    if isinstance(value, tuple):
        shown = [repr(item) if isinstance(item, str) else dump(item, indent + 1) for item in value]
        return _layout("", shown, indent)
    return str(value)


def _layout(head: str, parts: list[str], indent: int) -> str:
    opening, closing = ("(", ")") if head else ("[", "]")
    line = opening + " ".join([head, *parts] if head else parts) + closing
    if len(line) + indent <= _WIDTH and "\n" not in line:
        return line
    pad = "\n" + " " * (indent + (2 if head else 1))
    if head:
        return opening + head + "".join(pad + part for part in parts) + closing
    return opening + pad.join(parts) + closing
