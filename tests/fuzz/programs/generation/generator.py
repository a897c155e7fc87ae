"""Chooses the parts of a random program so that each has the type its place needs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from ..source.kinds import (
    ANY,
    BOX,
    DECIMAL,
    FIELDS,
    FLOAT,
    INT,
    SCALARS,
    SPOT,
    STRING,
    Kind,
    array,
    hash_of,
)
from ..source.tree import Expr, Function, Local, Member, Self

T = TypeVar("T")
Path = tuple[str, ...]
Producer = Callable[["Generator", Kind, int], Expr | None]
PRODUCERS: dict[str, list[Producer]] = {}
"""The producers of expressions, by the type's name; those under `*` make any type."""


def makes(*names: str, weight: int = 1, nilable: bool = False) -> Callable[[Producer], Producer]:
    """Register a producer of expressions, by the names of their types.

    With `nilable` it also makes optional types; other producers get the type without nil.
    """

    def register(producer: Producer) -> Producer:
        def asked(gen: Generator, kind: Kind, depth: int) -> Expr | None:
            return producer(gen, kind.sure, depth)

        for name in names:
            made = producer if nilable or name in ("*", "maybe") else asked
            PRODUCERS.setdefault(name, []).extend([made] * weight)
        return producer

    return register


@dataclass(frozen=True)
class Variable:
    """A visible local; `job` says in how many `@async` blocks it was declared."""

    name: str
    kind: Kind
    job: int
    fixed: bool = False


@dataclass
class Generator:
    """Makes the parts of one program."""

    random: Random
    event: str
    functions: list[Function]
    variables: list[Variable] = field(default_factory=list)
    outer: int = 0
    """How many of the variables are outside of the block."""
    known: frozenset[Path] = frozenset()
    """What is not nil here: a local's name, or `self` and the names below it."""
    job: int = 0
    jobs: int = 0
    in_function: bool = False
    in_lambda: bool = False
    in_loop: bool = False
    written: set[str] = field(default_factory=set)
    """The fields of `self` that the program assigns."""
    result: Kind | None = None
    """The type that a `return` here must give; `None` if it gives no value."""
    taken: int = 0

    def pick(self, options: list[T]) -> T:
        """One of the options, at random."""
        return self.random.choice(options)

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return self.random.random() < share

    def name(self) -> str:
        """A name that no local has."""
        self.taken += 1
        return f"v{self.taken}"

    def expr(self, kind: Kind, depth: int) -> Expr:
        """An expression of a type, nested at most so deep."""
        from .leaves import leaf  # a leaf asks for expressions in turn

        if depth <= 0 or self.chance(0.12):
            return leaf(self, kind)
        producers = PRODUCERS.get(kind.name, []) * (3 if kind.name != "any" else 2)
        if kind.maybe:
            producers = PRODUCERS["maybe"] * 2 + producers
        for _ in range(4):
            made = self.pick(producers + PRODUCERS["*"])(self, kind, depth - 1)
            if made is not None:
                return made
        return leaf(self, kind)

    def condition(self, depth: int) -> Expr:
        """The condition of an `if`: a bool, or any other value."""
        return self.expr(Kind("bool") if self.chance(0.75) else self.kind(), depth)

    def kind(self) -> Kind:
        """A random type."""
        kind = self.pick(
            [
                *([self.pick(list(SCALARS))] * 6),
                *(INT, INT, STRING, STRING, FLOAT, DECIMAL, ANY, BOX),
                array(self.pick([INT, STRING, FLOAT, DECIMAL, *SCALARS, ANY, INT.optional])),
                array(array(INT)),
                hash_of(self.pick([INT, STRING, DECIMAL, ANY, INT.optional])),
                SPOT.optional,
            ]
        )
        return kind.optional if self.chance(0.25) else kind

    @contextmanager
    def scope(self, *variables: Variable, known: frozenset[Path] = frozenset()) -> Iterator[None]:
        """A block with locals of its own, in which more facts are known."""
        kept, known_before, outer = list(self.variables), self.known, self.outer
        self.outer = len(kept)
        self.variables.extend(variables)
        self.known |= known
        yield
        self.variables, self.known, self.outer = kept, known_before, outer

    @contextmanager
    def inside(self, **changes: Any) -> Iterator[None]:
        """A body of its own: of a function, a lambda or a loop."""
        before = {name: getattr(self, name) for name in changes}
        self.__dict__.update(changes)
        yield
        self.__dict__.update(before)

    def in_reach(self) -> list[Variable]:
        """The visible locals; of several with one name, the innermost."""
        return list({variable.name: variable for variable in self.variables}.values())

    def reads(self) -> Iterator[tuple[Expr, Kind]]:
        """Every local and every field of `self`, with its type here."""
        for variable in self.in_reach():
            kind = variable.kind.sure if (variable.name,) in self.known else variable.kind
            if kind.name == "error":
                yield Member(STRING, Local(kind, variable.name), "message"), STRING
                continue
            yield Local(kind, variable.name), kind
            yield from self._parts(Local(kind, variable.name), kind, (variable.name,))
        record = Self(Kind("record"))
        for name, kind in FIELDS.items():
            yield from self._read(record, name, kind, ("self",), nilable=False)

    def _parts(self, target: Expr, kind: Kind, path: Path) -> Iterator[tuple[Expr, Kind]]:
        if kind.name == "struct":
            for name, part in kind.parts:
                yield from self._read(target, name, part, path, nilable=kind.maybe)

    def _read(
        self, target: Expr, name: str, kind: Kind, path: Path, *, nilable: bool
    ) -> Iterator[tuple[Expr, Kind]]:
        path = (*path, name)
        if path in self.known:
            kind = kind.sure
        if nilable:
            kind = kind.optional
        read = Member(kind, target, name, safe=nilable)
        yield read, kind
        yield from self._parts(read, kind, path)

    def nilable(self) -> list[tuple[Expr, Path]]:
        """Values that may be nil and can be checked, with the path that is known afterwards."""
        found: list[tuple[Expr, Path]] = []
        for read, kind in self.reads():
            path = path_of(read)
            if kind.maybe and path is not None:
                found.append((read, path))
        return found


def path_of(node: Expr) -> Path | None:
    """The path of a read without `?.`."""
    match node:
        case Self():
            return ("self",)
        case Local(name=name):
            return (name,)
        case Member(target=target, name=name, safe=False):
            above = path_of(target)
            return None if above is None else (*above, name)
    return None
