"""Statements of random programs."""

from ..source.kinds import ANY, BOOL, FIELDS, INT, STATE, STOP, STRING, Kind, array, hash_of
from ..source.show import quoted
from ..source.tree import (
    Alone,
    Arm,
    Assign,
    Async,
    Binary,
    Block,
    Call,
    Expr,
    For,
    If,
    Let,
    Literal,
    Local,
    Match,
    Member,
    Node,
    Rescue,
    Return,
    Self,
    Unary,
)
from .bodies import value_block
from .choices import all_patterns
from .generator import Generator, Variable
from .leaves import NIL, TEXTS, bounded, placed


def statement(gen: Generator, depth: int) -> list[Node]:
    """One statement, or a few that belong together."""
    if depth <= 0:
        return [_simple(gen, depth)]
    form = gen.pick(
        [_simple] * 6
        + [_assignment] * 4
        + [_if] * 3
        + [_for, _for, _match, _rescue, _rescue, _async, _async, _leave, _guard]
    )
    return [made] if (made := form(gen, depth)) is not None else [_simple(gen, depth)]


def statements(gen: Generator, depth: int, count: int) -> Block:
    """A block of statements in a scope of their own."""
    made: list[Node] = []
    with gen.scope():
        for _ in range(count):
            made += statement(gen, depth)
    return Block(tuple(made))


def hand_over(gen: Generator, value: Expr) -> Node:
    """Pass a value to a service."""
    return Alone(Call(ANY, "service", "echo", (value,)))


def _simple(gen: Generator, depth: int) -> Node:
    if gen.chance(0.4):
        return hand_over(gen, NIL if gen.chance(0.02) else gen.expr(gen.kind(), depth))
    return _let(gen, depth)


def _let(gen: Generator, depth: int) -> Node:
    kind = gen.kind()
    typed = gen.chance(0.4) and "duration" not in kind.source
    value = placed(gen, kind, depth) if typed else gen.expr(kind, depth)
    if gen.chance(0.15) and (typed or not kind.holds_struct):
        value = _fallible(gen, kind, depth)
    if not typed and value == NIL:
        kind = ANY
    name = gen.name()
    here = {each.name for each in gen.variables if each.fixed or each in gen.variables[gen.outer :]}
    shadowed = [each.name for each in gen.variables if each.name not in here]
    if shadowed and gen.chance(0.05):
        name = gen.pick(shadowed)
    gen.variables.append(Variable(name, kind, gen.job))
    gen.known = frozenset(path for path in gen.known if path[0] != name)
    return Let(name, kind.marked if typed else "", value)


def _fallible(gen: Generator, kind: Kind, depth: int) -> Expr:
    """`call rescue |error| { … }` as a value."""
    names_error = gen.chance(0.5)
    if names_error:
        operand: Expr = Call(kind, "service", "fail", (_message(gen),))
    else:
        operand = Call(kind, "service", "echo", (gen.expr(kind, depth),))
    error = gen.name() if names_error else None
    variables = [Variable(error, Kind("error"), gen.job, fixed=True)] if error else []
    with gen.inside(result=kind), gen.scope(*variables):
        body = value_block(gen, kind, depth - 1, returns=True)
    return Rescue(kind, operand, error, body, value=True)


def _rescue(gen: Generator, depth: int) -> Node:
    """`call rescue |error| { … }` as a statement."""
    message = _message(gen)
    operand = gen.pick(
        [
            Call(ANY, "service", "fail", (message,)),
            Call(ANY, "service", "echo", (gen.expr(gen.kind(), depth),)),
        ]
    )
    error = gen.name() if operand.name == "fail" else None
    variables = [Variable(error, Kind("error"), gen.job, fixed=True)] if error else []
    with gen.scope(*variables):
        first = (
            [hand_over(gen, Member(STRING, Local(Kind("error"), error), "message"))]
            if error
            else []
        )
        body = Block((*first, *statements(gen, depth - 1, gen.pick([1, 2])).statements))
    return Alone(Rescue(ANY, operand, error, body, value=False))


def _assignment(gen: Generator, depth: int) -> Node | None:
    if gen.in_function or gen.chance(0.5):
        return _assign_local(gen, depth)
    return _assign_field(gen, depth)


def _assign_local(gen: Generator, depth: int) -> Node | None:
    found = [each for each in gen.in_reach() if not each.fixed and each.job == gen.job]
    if not found:
        return None
    variable = gen.pick(found)
    if any(path[0] == variable.name for path in gen.known):
        return None
    value = gen.expr(variable.kind, depth)
    return Assign(Local(variable.kind, variable.name), value)


def _assign_field(gen: Generator, depth: int) -> Node | None:
    if gen.job and (gen.in_loop or gen.in_lambda):
        return None
    name = gen.pick([name for name, kind in FIELDS.items() if kind != ANY])
    target, kind = Member(FIELDS[name], Self(Kind("record")), name), FIELDS[name]
    if any(path[:2] == ("self", name) for path in gen.known):
        return None
    if gen.job and name in gen.written:
        return None
    gen.written.add(name)
    while kind.name == "struct" and not kind.maybe and gen.chance(0.6):
        part, kind = gen.pick(list(kind.parts))
        target = Member(kind, target, part)
    value = placed(gen, kind, depth)
    if kind.sure == INT:
        value = Binary(INT, "%", gen.expr(INT, depth), literal_of(10007))
    return Assign(target, value)


def _message(gen: Generator) -> Expr:
    text = gen.pick([text for text in TEXTS if text])
    return Literal(STRING, text, quoted(text))


def literal_of(value: int) -> Expr:
    """An int."""
    return Literal(INT, value, str(value))


def _if(gen: Generator, depth: int) -> Node:
    negated = gen.chance(0.25)
    branches = []
    nilable = gen.nilable()
    for _ in range(1 if negated else gen.pick([1, 1, 2])):
        if nilable and gen.chance(0.4) and not negated:
            read, path = gen.pick(nilable)
            condition: Expr = gen.pick([read, Binary(BOOL, "!=", read, NIL)])
            with gen.scope(known=frozenset({path})):
                body = statements(gen, depth - 1, gen.pick([1, 2]))
        else:
            condition = gen.condition(depth)
            body = statements(gen, depth - 1, gen.pick([1, 2]))
        branches.append((condition, body))
    other = statements(gen, depth - 1, 1) if gen.chance(0.5) else None
    return If(tuple(branches), other, negated)


def _for(gen: Generator, depth: int) -> Node:
    name = gen.name()
    choice = gen.random.randrange(4)
    if choice == 0:
        value: Expr = bounded(gen, Kind("range", INT), 0)
        kind = INT
    elif choice == 1:
        value, kind = gen.expr(hash_of(INT), depth), STRING
    elif choice == 2:
        kind = STOP
        value = Member(FIELDS["stops"], Self(Kind("record")), "stops")
    else:
        kind = gen.pick([INT, STRING, INT.optional, ANY])
        value = gen.expr(array(kind), depth)
    with gen.inside(in_loop=True), gen.scope(Variable(name, kind, gen.job, fixed=True)):
        body = statements(gen, depth - 1, gen.pick([1, 2]))
    return For(name, value, body)


def _match(gen: Generator, depth: int) -> Node:
    subject_kind = gen.pick([INT, STRING, STATE, INT.optional])
    subject = gen.expr(subject_kind, depth)
    arms = []
    for patterns in all_patterns(gen, subject_kind):
        arrow = gen.chance(0.3)
        body = (
            Block((hand_over(gen, gen.expr(gen.kind(), depth - 1)),))
            if arrow
            else statements(gen, depth - 1, 1)
        )
        arms.append(Arm(patterns, body, arrow))
    if gen.chance(0.3):
        arms.pop()
    return Alone(Match(ANY, subject, tuple(arms)))


def _async(gen: Generator, depth: int) -> Node | None:
    if gen.in_function or gen.in_lambda or gen.job > 1:
        return None
    gen.jobs += 1
    key = gen.jobs
    with gen.inside(job=gen.job + 1, result=None), gen.scope():
        body = statements(gen, depth - 1, gen.pick([1, 2, 3]))
    return Async(key, body) if body.statements else None


def _leave(gen: Generator, depth: int) -> Node | None:
    """`return`, or `error("…")`, under a condition."""
    if gen.result is not None:
        leaving: Node = Return(gen.expr(gen.result, depth))
    elif gen.chance(0.7):
        leaving = Return(None)
    else:
        leaving = Alone(Call(ANY, "function", "error", (_message(gen),)))
    return If(((gen.condition(depth), Block((leaving,))),), None)


def _guard(gen: Generator, depth: int) -> Node | None:
    """`if x == nil { return }`: the following statements know that `x` is not nil."""
    nilable = gen.nilable()
    if not nilable or gen.in_loop:
        return None
    read, path = gen.pick(nilable)
    leaving = Return(None if gen.result is None else gen.expr(gen.result, depth))
    gen.known |= {path}
    condition = gen.pick([Binary(BOOL, "==", read, NIL), Unary(BOOL, "!", read)])
    return If(((condition, Block((leaving,))),), None)
