"""Expressions that choose between values, read parts of them, and handle nil."""

from ..source.kinds import ANY, BOOL, INT, STATE, STRING, Kind, array, hash_of
from ..source.show import quoted
from ..source.tree import (
    Alone,
    Arm,
    Binary,
    Block,
    Call,
    Entries,
    Expr,
    Index,
    Items,
    Literal,
    Match,
    Member,
    Self,
    Ternary,
    Unary,
    Unwrap,
)
from .generator import Generator, Path, makes, path_of
from .leaves import NIL, WORDS, key, leaf, literal


@makes("*", weight=2)
def ternary(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`c ? a : b`."""
    if kind.name == "range":
        return None
    condition = gen.condition(depth)
    then, otherwise = gen.expr(kind, depth), gen.expr(kind, depth)
    return Ternary(kind, condition, then, otherwise)


@makes("*", weight=2)
def otherwise(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`a ?? b`."""
    if kind.name == "range":
        return None
    left = NIL if gen.chance(0.05) else gen.expr(kind.optional, depth)
    return Binary(kind, "??", left, gen.expr(kind, depth))


@makes("*", weight=2)
def narrowed(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """A value in a branch whose condition guarantees that it is there."""
    nilable = gen.nilable()
    if not nilable or kind.name == "range":
        return None
    read, path = gen.pick(nilable)
    with gen.scope(known=frozenset({path})):
        sure = gen.expr(kind, depth)
    other = gen.expr(kind, depth)
    match gen.random.randrange(4):
        case 0:
            return Ternary(kind, Binary(BOOL, "==", read, NIL), other, sure)
        case 1:
            return Ternary(kind, read, sure, other)
        case 2 if kind == BOOL:
            return Binary(kind, "&&", Binary(BOOL, "!=", read, NIL), sure)
    return Ternary(kind, Binary(BOOL, "!=", read, NIL), sure, other)


@makes("int", "string", "decimal")
def made_sure(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """An entry that a condition has checked: `"a" in h`, `h.has_key?("a")`, `!xs.empty?()`."""
    wanted = [hash_of(kind), array(kind)]
    found = [read for read, other in gen.reads() if other in wanted and path_of(read)]
    if not found:
        return None
    read = gen.pick(found)
    if read.kind.name == "array":
        form = gen.pick(["method", "plain"])
        condition: Expr = Unary(BOOL, "!", Call(BOOL, "Array", "empty?", (read,), form=form))
        first = Index(kind, read, Literal(INT, 0, "0"))
        sure = gen.pick([first, Call(kind, "Array", "first", (read,), form=form)])
        return Ternary(kind, condition, sure, gen.expr(kind, depth))
    name = gen.pick(WORDS[:4])
    text = Literal(STRING, name, quoted(name))
    in_hash = Binary(BOOL, "in", text, read)
    condition = gen.pick([in_hash, Call(BOOL, "Hash", "has_key?", (read, text), form="method")])
    sure = gen.pick([Index(kind, read, text), Member(kind, read, name)])
    return Ternary(kind, condition, sure, gen.expr(kind, depth))


@makes("*", weight=2)
def matched(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`match` as a value."""
    if kind.name == "range":
        return None
    return match(gen, kind, depth)


def match(gen: Generator, kind: Kind, depth: int) -> Match:
    """A `match` whose arms give values. Unless these may be nil, one arm takes everything."""
    from .bodies import value_block  # blocks hold expressions

    subject_kind = gen.pick([INT, INT, STRING, STATE, BOOL, INT.optional, STRING.optional])
    subject = gen.expr(subject_kind, depth)
    path = path_of(subject)
    known = frozenset[Path]()
    arms: list[Arm] = []
    for patterns in all_patterns(gen, subject_kind):
        inner = known | ({path} if path and patterns and not _takes_nil(patterns) else set())
        with gen.scope(known=inner):
            arrow = gen.chance(0.7)
            body = (
                Block((Alone(gen.expr(kind, depth)),))
                if arrow
                else value_block(gen, kind, depth, returns=False)
            )
        arms.append(Arm(patterns, body, arrow))
        if path and subject_kind.maybe and _takes_nil(patterns):
            known |= {path}
    exhaustive = path is not None and len(arms) > len(subject_kind.values) > 0
    if arms and (exhaustive or kind.maybe) and gen.chance(0.5):
        arms.pop()
    return Match(kind, subject, tuple(arms))


def _takes_nil(patterns: tuple[Expr, ...]) -> bool:
    return not patterns or any(each == NIL for each in patterns)


def all_patterns(gen: Generator, kind: Kind) -> list[tuple[Expr, ...]]:
    """The patterns of each arm; the last arm takes everything."""
    arms: list[tuple[Expr, ...]] = []
    if kind.name == "enum":
        texts = gen.random.sample(kind.values, len(kind.values))
        arms = [(Literal(STRING, each, quoted(each)),) for each in texts]
        if gen.chance(0.3):
            arms.pop()
        return [*arms, ()]
    used: set[str] = set()
    for _ in range(gen.pick([1, 2, 3])):
        patterns = []
        for _ in range(gen.pick([1, 1, 2])):
            pattern = _pattern(gen, kind)
            if repr(pattern) not in used:
                used.add(repr(pattern))
                patterns.append(pattern)
        if patterns:
            arms.append(tuple(patterns))
    return [*arms, ()]


def _pattern(gen: Generator, kind: Kind) -> Expr:
    if kind.maybe and gen.chance(0.4):
        return NIL
    if kind.name == "int" and gen.chance(0.4):
        ends = (Literal(INT, each, str(each)) for each in gen.pick([(0, 3), (1, 10), (5, 900)]))
        return Binary(Kind("range", INT), gen.pick(["..", "..."]), *ends)
    return literal(gen, kind.sure)


@makes("maybe", weight=2)
def indexed(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`items[i]`, `hash["key"]`."""
    if kind.sure == ANY or kind.name in ("range", "nil"):
        return None
    if gen.chance(0.5):
        return Index(kind, _unwritten(gen, array(kind.sure), depth), leaf(gen, INT))
    name = gen.pick(WORDS)
    return Index(
        kind, _unwritten(gen, hash_of(kind.sure), depth), Literal(STRING, name, quoted(name))
    )


def _unwritten(gen: Generator, kind: Kind, depth: int) -> Expr:
    """An array or hash with unknown entries: an entry that a literal lacks is an error."""
    made = gen.expr(kind, depth)
    if kind.name == "array":
        return Binary(kind, "+", made, gen.expr(kind, 0))
    return Call(kind, "Hash", "merge", (made, gen.expr(kind, 0)))


@makes("maybe", weight=2)
def end_of_array(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`first` and `last`."""
    items = gen.expr(array(kind.sure), depth)
    form = gen.pick(["method", "plain"])
    return Call(kind, "Array", gen.pick(["first", "last"]), (items,), form=form)


@makes("maybe")
def nil(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """An expression that is sometimes nil."""
    if kind.name in ("range", "nil"):
        return None
    sides = [NIL, gen.expr(kind.sure, depth)]
    gen.random.shuffle(sides)
    return Ternary(kind, gen.condition(depth), *sides)


@makes("*")
def unwrapped(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`x!` of a value that is rarely nil."""
    if kind.maybe or kind.name in ("any", "range"):
        return None
    found = [(read, path) for read, path in gen.nilable() if read.kind.sure == kind]
    if found and gen.chance(0.3):
        return Unwrap(kind, gen.pick(found)[0])
    items = Items(array(kind), (gen.expr(kind, depth), gen.expr(kind, depth)))
    form = gen.pick(["method", "plain"])
    return Unwrap(
        kind, Call(kind.optional, "Array", gen.pick(["first", "last"]), (items,), form=form)
    )


@makes("*")
def entry_of_literal(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`{ a: x }.a`, `[x, y][1]`: the entries of a literal are known."""
    if kind.name in ("range", "any"):
        return None
    wanted, other = gen.expr(kind, depth), gen.expr(gen.kind(), depth)
    if gen.chance(0.4):
        at = gen.pick([0, 1])
        items = (wanted, other) if at == 0 else (other, wanted)
        return Index(kind, Items(array(ANY), items), Literal(INT, at, str(at)))
    names = gen.random.sample(WORDS[:4], 2)
    pairs = [(*key(gen, names[0]), wanted), (*key(gen, names[1]), other)]
    gen.random.shuffle(pairs)
    made = Entries(hash_of(ANY), tuple(pairs))
    if gen.chance(0.5):
        return Member(kind, made, names[0])
    return Index(kind, made, Literal(STRING, names[0], quoted(names[0])))


@makes("any", weight=3)
def of_json(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """A part of a JSON value, or of a service's result."""
    target = gen.expr(ANY, depth)
    match gen.random.randrange(3):
        case 0:
            return Index(kind, target, leaf(gen, gen.pick([INT, STRING])))
        case 1:
            return Member(kind, target, gen.pick(["a", "name", "list", "from"]), safe=True)
    data = Member(ANY, Self(Kind("record")), "data")
    return Member(kind, Member(ANY, data, "name", safe=True), "a", safe=gen.chance(0.7))
