"""The source of a tree, with brackets only where precedence requires them."""

from functools import singledispatch

from .tree import (
    Alone,
    Arm,
    Assign,
    Async,
    Binary,
    Block,
    Call,
    Entries,
    Expr,
    For,
    Function,
    If,
    Index,
    Items,
    Lambda,
    Let,
    Literal,
    Local,
    Match,
    Member,
    Node,
    Rescue,
    Return,
    Self,
    Ternary,
    Text,
    Unary,
    Unwrap,
    Widened,
)

TERNARY, RANGE, UNARY, POWER, POSTFIX, PRIMARY = 0, 6, 9, 10, 11, 12
_LEVELS = {
    "??": 1, "||": 2, "or": 2, "&&": 3, "and": 3, "==": 4, "!=": 4, "<": 5, "<=": 5, ">": 5,
    ">=": 5, "in": 5, "not_in": 5, "..": RANGE, "...": RANGE, "+": 7, "-": 7, "*": 8, "/": 8,
    "%": 8, "**": POWER,
}  # fmt: skip


def level(node: Expr) -> int:
    """How tightly an expression binds."""
    match node:
        case Ternary():
            return TERNARY
        case Binary():
            return _LEVELS[node.operator]
        case Unary():
            return UNARY
        case Widened():
            return level(node.value)
        case Member() | Index() | Unwrap() | Call():
            return POSTFIX
    return PRIMARY


def within(node: Expr, least: int) -> str:
    """The source of an expression, in brackets if it binds less tightly than `least`."""
    return show(node) if level(node) >= least else f"({show(node)})"


def quoted(text: str) -> str:
    """A string literal."""
    for char, escape in (
        ("\\", "\\\\"),
        ('"', '\\"'),
        ("#{", "\\#{"),
        ("\n", "\\n"),
        ("\t", "\\t"),
    ):
        text = text.replace(char, escape)
    return f'"{text}"'


@singledispatch
def show(node: Node) -> str:
    """The source of a part of a program."""
    raise TypeError(node)


@show.register
def _(node: Literal) -> str:
    return node.text


@show.register
def _(node: Self) -> str:
    return "self"


@show.register
def _(node: Local) -> str:
    return node.name


@show.register
def _(node: Unary) -> str:
    space = " " if node.operator == "not" or show(node.operand).startswith(node.operator) else ""
    return f"{node.operator}{space}{within(node.operand, UNARY)}"


@show.register
def _(node: Binary) -> str:
    own = _LEVELS[node.operator]
    if node.operator == "**":
        return f"{within(node.left, POSTFIX)} ** {within(node.right, UNARY)}"
    space = "" if own == RANGE else " "
    left = within(node.left, own + (own == RANGE))
    return f"{left}{space}{node.operator}{space}{within(node.right, own + 1)}"


@show.register
def _(node: Ternary) -> str:
    condition = within(node.condition, TERNARY + 1)
    return f"{condition} ? {show(node.then)} : {show(node.otherwise)}"


@show.register
def _(node: Member) -> str:
    return f"{within(node.target, POSTFIX)}{'?.' if node.safe else '.'}{node.name}"


@show.register
def _(node: Index) -> str:
    return f"{within(node.target, POSTFIX)}[{show(node.index)}]"


@show.register
def _(node: Unwrap) -> str:
    return f"{within(node.value, POSTFIX)}!"


@show.register
def _(node: Widened) -> str:
    return show(node.value)


@show.register
def _(node: Items) -> str:
    return f"[{', '.join(map(show, node.items))}]"


@show.register
def _(node: Entries) -> str:
    keys = {"name": lambda key: key.value, "text": show, "value": lambda key: f"({show(key)})"}
    entries = [f"{keys[style](key)}: {show(value)}" for style, key, value in node.entries]
    return f"{{ {', '.join(entries)} }}" if entries else "{}"


@show.register
def _(node: Text) -> str:
    parts = [
        quoted(part)[1:-1] if isinstance(part, str) else f"#{{{show(part)}}}" for part in node.parts
    ]
    return f'"{"".join(parts)}"'


@show.register
def _(node: Lambda) -> str:
    if node.arrow:
        return f"({node.name}) => {show(node.body.statements[0])}"
    return f"|{node.name}| {show(node.body)}"


@show.register
def _(node: Call) -> str:
    arguments = [show(each) for each in node.arguments]
    arguments += [f"{name}: {show(value)}" for name, value in node.named]
    if node.form in ("method", "safe"):
        first = node.arguments[0]
        assert isinstance(first, Expr)
        dot = "?." if node.form == "safe" else "."
        return f"{within(first, POSTFIX)}{dot}{node.name}({', '.join(arguments[1:])})"
    if node.form == "computed":
        return f"self.{node.name}"
    front = {"function": "", "service": "Out.", "change": "self."}.get(node.what, f"{node.what}.")
    return f"{front}{node.name}({', '.join(arguments)})"


@show.register
def _(node: Match) -> str:
    return f"match {show(node.subject)} {{\n{''.join(map(show, node.arms))}}}"


@show.register
def _(node: Arm) -> str:
    patterns = ", ".join(map(show, node.patterns))
    if node.arrow:
        return f"{patterns or '_'} => {show(node.body.statements[0])},\n"
    return f"{f'when {patterns}' if patterns else 'else'} {show(node.body)}\n"


@show.register
def _(node: Rescue) -> str:
    error = f" |{node.error}|" if node.error else ""
    return f"{show(node.operand)} rescue{error} {show(node.body)}"


@show.register
def _(node: Block) -> str:
    return "{\n" + "".join(f"{show(each)}\n" for each in node.statements) + "}"


@show.register
def _(node: Let) -> str:
    type_ = f": {node.type}" if node.type else ""
    return f"let {node.name}{type_} = {show(node.value)}"


@show.register
def _(node: Assign) -> str:
    return f"{show(node.target)} = {show(node.value)}"


@show.register
def _(node: Alone) -> str:
    shown = show(node.value)
    is_part = shown.startswith("{") and not isinstance(node.value, Entries)
    return f"({shown})" if is_part else shown  # after `x == 1` on a line, `{` opens a block


@show.register
def _(node: If) -> str:
    words = ["unless" if node.negated else "if"] + ["elsif"] * (len(node.branches) - 1)
    shown = " ".join(
        f"{word} {show(condition)} {show(body)}"
        for word, (condition, body) in zip(words, node.branches, strict=True)
    )
    return f"{shown} else {show(node.otherwise)}" if node.otherwise else shown


@show.register
def _(node: For) -> str:
    return f"for {node.name} in {show(node.value)} {show(node.body)}"


@show.register
def _(node: Return) -> str:
    return f"return {show(node.value)}" if node.value else "return"


@show.register
def _(node: Async) -> str:
    return f'@async(name: "PROGRAM_{node.key}", max_attempts: 1) {show(node.body)}'


@show.register
def _(node: Function) -> str:
    if node.computed:
        return f"@computed {node.name}: {node.result.marked} {show(node.body)}"
    parameters = ", ".join(
        f"{name}: {kind.marked}" + (f" = {show(default)}" if default else "")
        for name, kind, default in node.parameters
    )
    return f"@function {node.name}({parameters}) -> {node.result.marked} {show(node.body)}"
