"""Bodies: blocks that give a value, lambdas, functions."""

from ..source.kinds import BOX, DECIMAL, FLOAT, INT, STRING, Kind, array
from ..source.tree import Alone, Block, Function, If, Lambda, Node, Return
from .generator import Generator, Variable
from .leaves import placed


def value_block(gen: Generator, kind: Kind, depth: int, *, returns: bool) -> Block:
    """A block whose last statement gives a value; with `returns`, a `return` may do so earlier."""
    from .statements import statement  # statements hold blocks

    made: list[Node] = []
    with gen.scope():
        for _ in range(gen.pick([0, 0, 0, 1, 1, 2])):
            made += statement(gen, depth)
        if returns and gen.chance(0.2):
            early = Return(gen.expr(kind, depth))
            made.append(If(((gen.condition(depth), Block((early,))),), None))
        made.append(_last(gen, kind, depth, returns=returns))
    return Block(tuple(made))


def _last(gen: Generator, kind: Kind, depth: int, *, returns: bool) -> Node:
    if returns and gen.chance(0.25):
        return Return(gen.expr(kind, depth))
    if depth > 0 and gen.chance(0.25):
        branches = []
        negated = gen.chance(0.3)
        for _ in range(1 if negated else gen.pick([1, 1, 2])):
            condition = gen.condition(depth)
            branches.append((condition, value_block(gen, kind, depth - 1, returns=returns)))
        other = value_block(gen, kind, depth - 1, returns=returns)
        missing = kind.maybe and gen.chance(0.3)
        return If(tuple(branches), None if missing else other, negated)
    return Alone(gen.expr(kind, depth))


def lambda_of(gen: Generator, item: Kind, result: Kind, depth: int) -> Lambda:
    """A lambda that takes an item and gives a result."""
    shadowed = [each.name for each in gen.variables]
    name = gen.pick(shadowed) if shadowed and gen.chance(0.1) else gen.name()
    with (
        gen.inside(in_lambda=True, result=result),
        gen.scope(Variable(name, item, gen.job, fixed=True)),
        gen.inside(known=frozenset(path for path in gen.known if path[0] != name)),
    ):
        if gen.chance(0.6):
            return Lambda(name, Block((Alone(gen.expr(result, depth)),)), arrow=gen.chance(0.6))
        return Lambda(name, value_block(gen, result, depth, returns=True))


def function(gen: Generator, name: str, *, computed: bool) -> Function:
    """A `@function`, or a `@computed` field."""
    kinds = [INT, INT, STRING, DECIMAL, FLOAT, array(STRING), BOX, INT.optional, STRING.optional]
    result = gen.pick(kinds)
    parameters = []
    for number in range(0 if computed else gen.pick([0, 1, 1, 2, 3])):
        kind = gen.pick(kinds)
        default = placed(gen, kind, 0) if gen.chance(0.3) or _has_default(parameters) else None
        parameters.append((f"p{number}", kind, default))
    variables = [Variable(name, kind, 0, fixed=True) for name, kind, _ in parameters]
    with gen.inside(in_function=True, result=result), gen.scope(*variables):
        body = value_block(gen, result, 2, returns=True)
    return Function(name, tuple(parameters), result, body, computed)


def _has_default(parameters: list[tuple[str, Kind, object]]) -> bool:
    return bool(parameters) and parameters[-1][2] is not None
