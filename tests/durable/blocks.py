"""The table of blocks, and the source that has them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from conduit_async.config import Config

HERE = Path(__file__).parent
SETTINGS = Config(externs=("flags", "notify"))
_ORDER = (HERE / "order.conduit").read_text("utf-8")


class Block(NamedTuple):
    """A block of the table: what it is, its source, and the steps that are stored when it runs."""

    what: str
    source: str
    steps: list[str]


def _blocks() -> Iterator[Block]:
    for part in f"\n{(HERE / 'blocks.txt').read_text('utf-8')}".split("\n== ")[1:]:
        head, _, source = part.partition("\n")
        what, _, steps = head.partition(":")
        yield Block(what, source, [each.strip() for each in steps.split(",") if each.strip()])


BLOCKS = list(_blocks())


def source_of(blocks: Iterable[Block]) -> str:
    """A resource whose hooks enqueue the blocks; the names of the jobs are `block_0`, …"""
    hooks = (
        "@after update {\n"
        'let outer = self.note ?? "none"\n'
        f'@async(name: "block_{number}", max_attempts: 9) {{\n{block.source}\n}}\n'
        "}\n"
        for number, block in enumerate(blocks)
    )
    return _ORDER.replace("// HOOKS", "".join(hooks))
