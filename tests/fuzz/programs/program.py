"""Random programs, each with a row to run it on and with the expected outcome."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from .evaluation import invoke
from .evaluation.evaluate import Run
from .evaluation.execute import Outcome, applied, stored
from .evaluation.meaning import Struct, Unclear
from .generation import calls, choices, operations
from .generation.bodies import function
from .generation.generator import Generator
from .generation.leaves import TEXTS, WORDS
from .generation.statements import statements
from .source.kinds import FIELDS, Kind
from .source.show import show
from .source.tree import Block, Function

REGISTERED = (calls, choices, invoke, operations)
"""Modules that register producers and calls when they are imported."""

PLACES = ("hook", "job")
_OF_A_RESOURCE = 10
_EVENTS = ("create", "update")
_POOLS: dict[str, list[Any]] = {
    "int": [0, 1, 2, 3, 7, -4, 12, 1000],
    "float": [0.0, 0.5, 2.0, -2.5, 3.125, 40.0],
    "decimal": [Decimal(text) for text in ("0.00", "1.50", "10.5000", "-3", "0.1", "99")],
    "string": TEXTS,
    "bool": [True, False],
    "uuid": [UUID(int=255, version=4), UUID(int=7, version=4)],
    "timestamp": [
        datetime(2024, 2, 29, 10, 30, 45, 250000, UTC),
        datetime(2024, 3, 1, tzinfo=UTC),
        datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
    "date": [date(2024, 2, 29), date(2024, 3, 1), date(2023, 12, 31)],
    "time": [time(8, 5), time(0), time(23, 59, 59)],
    "any": [None, {"name": {"a": [1, None]}, "list": [1, 2.5]}, {"a": 1}, [1, "x"], {"name": None}],
}


@dataclass(frozen=True)
class Resource:
    """A resource whose hooks are programs."""

    name: str
    event: str
    functions: tuple[Function, ...]

    @property
    def path(self) -> str:
        """The path of its source."""
        return f"{self.name}.conduit"


@dataclass(frozen=True, eq=False)
class Program:
    """A program, the row that it runs on, and the expected outcome in a hook and in a job."""

    seed: str
    number: int
    resource: Resource
    body: Block
    row: dict[str, Any]
    previous: dict[str, Any] | None
    expected: dict[str, Outcome] = field(default_factory=dict)

    def key(self, place: str) -> int:
        """The primary key of the row."""
        return self.number * 2 + PLACES.index(place) + 1

    def with_body(self, body: Block) -> "Program":
        """The program with other statements. Raises Unclear if they have no certain outcome."""
        changed = replace(self, body=body, expected={})
        return replace(changed, expected={place: changed.outcome(place) for place in PLACES})

    def outcome(self, place: str) -> Outcome:
        """The expected outcome."""
        functions = {each.name: each for each in self.resource.functions}
        tracked = self.row if place == "job" else None
        run = Run(functions, self.row, self.previous, tracked)
        return Outcome(0, run, self.body)

    def written(self, place: str) -> dict[str, Any]:
        """The row after all writes."""
        outcome = self.expected[place]
        if outcome.failed and place == "hook":
            return self.row
        return applied(self.row, outcome)

    def source(self, place: str) -> str:
        """The hook that runs the program, or enqueues it."""
        body = show(self.body)
        if place == "job":
            body = f'{{\n@async(name: "PROGRAM_0", max_attempts: 1) {body}\n}}'
        body = body.replace("PROGRAM", f"p{self.number}_{place}")
        guard = f"unless self.id == {self.key(place)} {{ return }}"
        return f"@after {self.resource.event} {{\n{guard}\n{body[2:]}"


def random_programs(seed: str, count: int) -> list[Program]:
    """Random programs of several resources."""
    programs: list[Program] = []
    for number in range(count):
        if number % _OF_A_RESOURCE == 0:
            random = Random(f"{seed} {number}")
            resource = random_resource(random, f"P{number // _OF_A_RESOURCE}", 4)
        programs.append(random_program(f"{seed} {number}", number, resource))
    return programs


def random_resource(random: Random, name: str, size: int) -> Resource:
    """A resource with a few functions."""
    event = random.choice(_EVENTS)
    gen = Generator(random, event, [])
    for number in range(size):
        computed = random.random() < 0.3
        made = function(gen, f"f{number}", computed=computed)
        gen.functions.append(made)
    return Resource(name, event, tuple(gen.functions))


def random_program(seed: str, number: int, resource: Resource) -> Program:
    """A random program for a resource; most programs run to their end."""
    random = Random(seed)
    while True:
        gen = Generator(random, resource.event, list(resource.functions))
        with gen.scope():
            body = statements(gen, random.choice([2, 3]), random.choice([2, 3, 4, 5]))
        row = {name: stored(value(random, kind)) for name, kind in FIELDS.items()}
        previous = None
        if resource.event == "update":
            previous = {
                name: stored(value(random, kind)) if random.random() < 0.5 else row[name]
                for name, kind in FIELDS.items()
            }
        program = Program(seed, number, resource, body, row, previous)
        try:
            program = program.with_body(body)
        except Unclear:
            continue
        if not program.expected["hook"].failed or random.random() < 0.2:
            return program


def value(random: Random, kind: Kind) -> Any:
    """A value of a type."""
    if kind.maybe and random.random() < 0.4:
        return None
    match kind.name:
        case "enum":
            return random.choice(kind.values)
        case "array":
            assert kind.item is not None
            return [value(random, kind.item) for _ in range(random.choice([0, 1, 2, 3]))]
        case "hash":
            assert kind.item is not None
            return {key: value(random, kind.item) for key in random.sample(WORDS, 2)}
        case "struct":
            return Struct({name: value(random, part) for name, part in kind.parts})
    return random.choice(_POOLS[kind.name])


def source_of(resource: Resource, programs: list[Program]) -> str:
    """The source of a resource with its programs."""
    fields = "\n".join(f"{name}: {kind.marked}" for name, kind in FIELDS.items())
    functions = "\n".join(map(show, resource.functions))
    hooks = "\n".join(program.source(place) for program in programs for place in PLACES)
    return f"resource {resource.name} {{\nid: int! @primary\n{fields}\n{functions}\n{hooks}\n}}\n"
