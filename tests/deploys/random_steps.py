"""Random blocks with effects in lists, branches, loops and rescues, and random edits of them."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from deployed_versions import METHOD

SERVICES = ("Mail.send", "Sms.send", "Bill.charge", "Stock.take", "Push.send")
FIELDS = "title: string!  sizes: array<int>!  size: int!"


@dataclass(eq=False)
class Effect:
    """A call of a service; its first argument tells it from others.

    `uses` is the number of an effect whose result it uses, and the part of that result. `inner` is
    a call in its arguments.
    """

    service: str
    number: int
    uses: tuple[int, str] | None = None
    inner: "Effect | None" = None

    def text(self, known: set[int]) -> str:
        value = "self.title" if self.inner is None else f"{self.inner.text(known)}.url"
        if self.inner is None and self.uses is not None and self.uses[0] in known:
            value = f"r{self.uses[0]}.{self.uses[1]}"
        return f"{self.service}({self.number}, {value})"


@dataclass(eq=False)
class Pause:
    """A sleep, or outside of loops a wait for a signal that does not come."""

    number: int
    waits: bool

    def text(self, *, in_loop: bool) -> str:
        if self.waits and not in_loop:
            return f'Job.wait("s{self.number}", timeout: 1.minute)'
        return f"Job.sleep({self.number}.minutes)"


@dataclass(eq=False)
class Inner:
    """A branch, a loop or the block of a `rescue`, by its head."""

    head: str
    body: "Statements" = field(default_factory=list)

    @property
    def is_loop(self) -> bool:
        return self.head.startswith("for")


Statements = list[Effect | Inner | Pause]
EDITS = ("insert", "delete", "swap", "move", "use", "wrap", "append", "nest", "unnest")
HEADS = (
    "if self.size > 1",
    "if self.size > 100",
    "for x in self.sizes",
    'for row in Method.order_by("amname").limit(2)',
    "Broken.fail(900, self.title) rescue",
)


def random_block(random: Random, *, pauses: bool = False) -> Statements:
    """A block of three to seven effects; with `pauses`, it also sleeps and waits."""
    effects: Statements = [
        Effect(random.choice(SERVICES), number) for number in range(random.randint(3, 7))
    ]
    for each in effects:
        assert isinstance(each, Effect)
        if each.number and random.random() < 0.4:
            each.uses = random.randrange(each.number), random.choice(["url", "number"])
    if random.random() < 0.3:
        _nest(effects, random)
    for number in range(1, random.randint(2, 4) if pauses else 1):
        pause = Pause(number, waits=random.random() < 0.5)
        effects.insert(random.randint(0, len(effects)), pause)
    for _ in range(random.choice([0, 0, 1, 1, 2])):
        _wrap(effects, random)
    return effects


def edited(block: Statements, random: Random) -> Statements:
    """The block after one to three edits; what is added has services of its own."""
    new = deepcopy(block)
    for number in range(random.choice([1, 1, 2, 3])):
        places = [statements for statements in _lists(new) if statements]
        inside = random.choice(places or [new])
        match random.choice(EDITS):
            case "insert":
                inside.insert(random.randint(0, len(inside)), Effect("New.put", 100 + number))
            case "delete" if len(effects(new)) > 1:
                inside.pop(random.randrange(len(inside)))
            case "swap" if len(inside) > 1:
                one, other = random.sample(range(len(inside)), 2)
                inside[one], inside[other] = inside[other], inside[one]
            case "move":
                moved = inside.pop(random.randrange(len(inside))) if inside else None
                if moved is not None:
                    new.insert(random.randint(0, len(new)), moved)
            case "use":
                each = random.choice(effects(new))
                each.uses = random.choice([None, (0, "url"), (1, "number")])
            case "wrap":
                _wrap(new, random)
            case "nest":
                _nest(inside, random)
            case "unnest":
                _unnest(inside)
            case _:
                new.append(Effect("Log.put", 200 + number))
    return new


def _wrap(block: Statements, random: Random) -> None:
    start = random.randrange(len(block))
    end = random.randint(start + 1, min(len(block), start + 3))
    block[start:end] = [Inner(random.choice(HEADS), block[start:end])]


def _nest(block: Statements, random: Random) -> None:
    """Move a call into the arguments of the one that follows it."""
    pairs = [
        (one, other)
        for one, other in pairwise(block)
        if isinstance(one, Effect) and isinstance(other, Effect) and other.inner is None
    ]
    if pairs:
        one, other = random.choice(pairs)
        other.inner = one
        block.remove(one)


def _unnest(block: Statements) -> None:
    """Move the first call in arguments to a statement of its own."""
    for place, each in enumerate(block):
        if isinstance(each, Effect) and each.inner is not None:
            block.insert(place, each.inner)
            each.inner = None
            return


def _lists(block: Statements) -> Iterator[Statements]:
    yield block
    for each in block:
        if isinstance(each, Inner):
            yield from _lists(each.body)


def effects(block: Statements, *, in_loops: bool | None = None) -> list[Effect]:
    """The effects of a block; only those in loops, or only others, if that is asked."""
    found: list[Effect] = []
    for each in block:
        if isinstance(each, Pause):
            continue
        if isinstance(each, Effect):
            found += [*_calls(each)] if in_loops is not True else []
        elif each.is_loop:
            found += effects(each.body) if in_loops is not False else []
        else:
            found += effects(each.body, in_loops=in_loops)
    return found


def _calls(effect: Effect) -> Iterator[Effect]:
    """The calls of a statement, in the order in which they are made."""
    if effect.inner is not None:
        yield from _calls(effect.inner)
    yield effect


def source(block: Statements) -> str:
    """The source of a job with the block, which captures all fields in any case."""
    lines = ["let all = [self.title, self.sizes, self.size]", *_lines(block, set())]
    body = "\n".join(lines)
    return f"""
resource Ticket {{
  id: uuid! @primary
  {FIELDS}
  @after create {{ @async(name: "tell") {{
{body}
  }} }}
}}
{METHOD}"""


def _lines(block: Statements, known: set[int], *, in_loop: bool = False) -> Iterator[str]:
    for each in block:
        if isinstance(each, Pause):
            yield each.text(in_loop=in_loop)
        elif isinstance(each, Inner):
            if each.body:
                yield f"{each.head} {{"
                yield from _lines(each.body, {*known}, in_loop=in_loop or each.is_loop)
                yield "}"
        else:
            text = each.text(known)
            yield text if each.number >= 100 else f"let r{each.number} = {text}"
            known.add(each.number)
