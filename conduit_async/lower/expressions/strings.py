"""Strings with interpolations, as f-strings that also Python 3.11 can parse."""

from ... import ast
from ...python import literals
from ...python.code import Code, Form, Precedence, combine
from ...types import DECIMAL, ERROR, INT, STRING, UUID, Enum, Optional, Record, optional
from ..functions.function_builder import FunctionBuilder
from ..python.typing import may_be_nil, type_of
from .dispatch import Lowering, Operand, rule
from .snapshots import snapshot_of

_READABLE = (STRING, INT, UUID, DECIMAL, ERROR)
"""Types whose values an f-string shows as Conduit does."""


@rule(ast.String)
def string(fn: FunctionBuilder, node: ast.String, operand: Operand) -> Lowering:
    """`"text #{e}"`."""
    if node.value is not None:
        return Code(literals.string(node.value), form=Form.LITERAL)
    nodes = [part for part in node.parts if not isinstance(part, str)]
    codes = []
    are_texts = set()
    for each in nodes:
        gone = isinstance(type_of(fn, each), Record) and may_be_nil(fn, each)
        code = yield Operand(each, allows_nil=True, record="either" if gone else "snapshot")
        if gone:  # a relation's row may be missing, despite its type
            code = snapshot_of(fn, optional(type_of(fn, each)), code, each)
        readable = _readable(fn, each, code)
        if readable is not code or type_of(fn, each) == STRING:
            are_texts.add(each)
        loose = readable.precedence in (Precedence.LAMBDA, Precedence.TERNARY)
        if not fn.lazy and (loose or not _fits_in_braces(readable.text)):
            readable = fn.hoist(readable, each)
        codes.append(readable)
    codes = fn.in_order(codes, nodes)
    values = dict(zip(nodes, codes, strict=True))
    if all(_fits_in_braces(code.text) for code in codes):
        formats = {each: ":f" if type_of(fn, each) == DECIMAL else "" for each in nodes}
        texts = [
            part if isinstance(part, str) else (values[part].text.replace('"', "'"), formats[part])
            for part in node.parts
        ]
        return combine(literals.f_string(texts), Precedence.ATOM, codes)
    pieces = [
        Code(literals.string(part), form=Form.LITERAL)
        if isinstance(part, str)
        else values[part]
        if part in are_texts
        else fn.operator("text", [values[part]])
        for part in node.parts
    ]
    precedence = Precedence.SUM if len(pieces) > 1 else Precedence.TERNARY
    text = " + ".join(piece.at(Precedence.SUM) for piece in pieces)
    return combine(text, precedence, pieces)


def _readable(fn: FunctionBuilder, node: ast.Expr, code: Code) -> Code:
    """Convert an interpolated value to text, if an f-string would show it differently."""
    kind = type_of(fn, node)
    if kind in _READABLE or isinstance(kind, Enum):
        return code
    if isinstance(kind, Optional) and (kind.item == STRING or isinstance(kind.item, Enum)):
        return combine(f'{code.at(Precedence.OR)} or ""', Precedence.OR, [code])
    return fn.operator("text", [code])


def _fits_in_braces(text: str) -> bool:
    """Whether an f-string can hold an expression, after double quotes become single ones."""
    return not any(char in text for char in "'\\\n#") and text[:1] != "{"
