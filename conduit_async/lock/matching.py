"""Finds the job type in the lock of each unnamed `@async` block of a hook.

An unchanged block belongs to the type with the same statements. A changed block belongs to a type
if it does the same work (the type's name tells) or keeps most of its statements, and if no other
block or type comes near. Otherwise the matching reports the block as unclear.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ..job_options import TYPE_OPTIONS
from .model import LockedJob

_NEAR = 0.25
"""A pair is a rival of a better one if its similarity is lower by less than this."""


@dataclass(frozen=True)
class UnnamedBlock:
    """A block of the source; `work` is the name that its type would get if it were new."""

    work: str
    job: LockedJob

    @property
    def statements(self) -> tuple[str, ...]:
        """The hashes of the block's statements."""
        return self.job.block.statements if self.job.block is not None else ()


@dataclass(frozen=True)
class Unclear:
    """Blocks, by position, and names of types; some of them may belong together."""

    blocks: tuple[int, ...]
    names: tuple[str, ...]


@dataclass
class Matching:
    """The type's name for each matched block, by its position; other blocks are new or unclear."""

    names: dict[int, str] = field(default_factory=dict)
    unclear: list[Unclear] = field(default_factory=list)


@dataclass(frozen=True)
class _Similarity:
    """How alike a block and a type are; `shared` is the fraction of common statements."""

    shared: float
    captures: float
    same_work: bool
    keeps_most: bool

    @property
    def total(self) -> float:
        return 2 * self.shared + self.captures / 2 + self.same_work

    @property
    def is_likely(self) -> bool:
        return self.same_work or self.keeps_most

    @property
    def is_possible(self) -> bool:
        return self.is_likely or self.shared > 0 or self.captures >= 0.5

    def is_clearly_better(self, other: "_Similarity") -> bool:
        """Whether this similarity is clearly better than another."""
        if self.keeps_most and self.shared >= 2 * other.shared:
            return True
        return other.shared == 0 and self.total >= other.total + _NEAR


_Pair: TypeAlias = tuple[int, str]


def match(blocks: Sequence[UnnamedBlock], types: Mapping[str, LockedJob]) -> Matching:
    """Match the blocks of a hook, in the order of the source, with types by their last names."""
    found = Matching(names=_unchanged(blocks, types))
    taken = set(found.names.values())
    rest = [(name, types[name]) for name in sorted(types, key=name_order) if name not in taken]
    pairs: dict[_Pair, _Similarity] = {}
    for place, block in enumerate(blocks):
        if place not in found.names:
            every = {(place, name): _similarity(block, name, known) for name, known in rest}
            pairs |= {
                pair: similarity for pair, similarity in every.items() if similarity.is_possible
            }
    by_block: dict[int, set[_Pair]] = {}
    by_type: dict[str, set[_Pair]] = {}
    for pair in pairs:
        by_block.setdefault(pair[0], set()).add(pair)
        by_type.setdefault(pair[1], set()).add(pair)

    def is_rival(pair: _Pair, elsewhere: set[_Pair], best: _Pair) -> bool:
        """Whether a pair comes near the best one, and its other member has no better pair."""
        better = (pairs[each].total >= pairs[pair].total + _NEAR for each in elsewhere - {pair})
        return not pairs[best].is_clearly_better(pairs[pair]) and not any(better)

    for best in sorted(pairs, key=lambda pair: -pairs[pair].total):
        place, name = best
        if best not in by_block.get(place, ()):
            continue
        rivals = {
            each for each in by_type[name] - {best} if is_rival(each, by_block[each[0]], best)
        }
        rivals |= {
            each for each in by_block[place] - {best} if is_rival(each, by_type[each[1]], best)
        }
        done = {best, *rivals}
        places, names = {each for each, _ in done}, {each for _, each in done}
        if not rivals and pairs[best].is_likely:
            found.names[place] = name
        else:
            found.unclear.append(
                Unclear(tuple(sorted(places)), tuple(sorted(names, key=name_order)))
            )
        gone = set().union(*(by_block[each] for each in places), *(by_type[each] for each in names))
        for pair in gone:
            by_block[pair[0]].discard(pair)
            by_type[pair[1]].discard(pair)
    return found


def name_order(name: str) -> tuple[int, str]:
    """Return a key that sorts `email_send`, `email_send_2`, `email_send_10` in this order."""
    return len(name), name


def identity(block: UnnamedBlock) -> tuple[object, ...]:
    """Return a key that is equal for blocks that can run each other's jobs."""
    job = block.job
    return block.statements, job.shape, *_options(job)


def _options(job: LockedJob) -> tuple[object, ...]:
    return tuple(option.of(job.options) for option in TYPE_OPTIONS.values())


def _unchanged(blocks: Sequence[UnnamedBlock], types: Mapping[str, LockedJob]) -> dict[int, str]:
    """Match blocks and types with the same statements, the most similar options first."""
    by_statements: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(types, key=name_order):
        if (known := types[name].block) is not None:
            by_statements.setdefault(known.statements, []).append(name)
    pairs: list[tuple[int, int, int, str]] = []
    for place, block in enumerate(blocks):
        for number, name in enumerate(by_statements.get(block.statements, ())):
            old, new = types[name], block.job
            differences = sum(a != b for a, b in zip(_options(old), _options(new), strict=True))
            pairs.append((differences + 10 * (old.shape != new.shape), number, place, name))
    found: dict[int, str] = {}
    taken: set[str] = set()
    for _, _, place, name in sorted(pairs):
        if place not in found and name not in taken:
            found[place] = name
            taken.add(name)
    return found


def _similarity(block: UnnamedBlock, name: str, known: LockedJob) -> _Similarity:
    old = known.block.statements if known.block is not None else ()
    new = block.statements
    common = (Counter(old) & Counter(new)).total()
    before, after = known.shapes[known.shape].keys(), block.job.shapes[block.job.shape].keys()
    captured = len(before) + len(after)
    base, _, number = name.rpartition("_")
    return _Similarity(
        shared=2 * common / (len(old) + len(new)) if common else 0.0,
        captures=2 * len(before & after) / captured if captured else 0.0,
        same_work=block.work == name or (block.work == base and number.isdecimal()),
        keeps_most=2 * common > min(len(old), len(new)),
    )
