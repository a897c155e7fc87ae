"""Random changes of a job's payload: the verdict matches the behaviour of generated packages."""

import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from changed import findings, order
from executed import executed

from conduit_async.breaking.finding import LOSING

pytestmark = pytest.mark.slow

SCALARS = (
    "string", "int", "float", "bool", "decimal", "timestamp", "date", "time", "uuid", "json",
    'enum ["a", "b"]', 'enum ["b", "c"]', "text",
)  # fmt: skip
DEFAULTS = {
    "string": '"a"', "int": "3", "float": "1.5", "bool": "true", "decimal": "2.5", "text": '"b"',
    'enum ["a", "b"]': '"b"', 'enum ["b", "c"]': '"b"', "json": "{}",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A field of a source: its name, its type, and whether the job uses it."""

    name: str
    kind: str
    nullable: bool
    default: bool = False
    was: str = ""
    used: bool = True

    def text(self) -> str:
        """The declaration of the field."""
        default = DEFAULTS.get(self.kind) if self.default else None
        default = "[]" if self.default and self.kind.startswith("array") else default
        parts = [f"{self.name}: {self.kind}{'?' if self.nullable else '!'}"]
        parts += [f"@default({default})"] if default else []
        parts += [f'@was("{self.was}")'] if self.was else []
        return " ".join(parts)


def some_type(draw: random.Random, depth: int = 2) -> str:
    form = draw.choice(["scalar", "scalar", "array", "hash", "struct"]) if depth else "scalar"
    match form:
        case "array":
            return f"array<{some_type(draw, depth - 1)}>"
        case "hash":
            return f"hash<string, {some_type(draw, depth - 1)}>"
        case "struct":
            names = draw.sample(["p", "q", "r"], draw.randrange(1, 4))
            members = (f"{n}: {some_type(draw, depth - 1)}{draw.choice('!!?')}" for n in names)
            return f"{{ {' '.join(members)} }}"
    return draw.choice(SCALARS)


def some_field(name: str, draw: random.Random) -> Field:
    nullable, default, used = (draw.random() < odds for odds in (0.3, 0.3, 0.7))
    return Field(name, some_type(draw), nullable, default, used=used)


def edited(fields: list[Field], draw: random.Random) -> list[Field]:
    found = [*fields]
    for _ in range(draw.randrange(1, 3)):
        at = draw.randrange(len(found))
        field = found[at]
        match draw.choice(["type", "nullable", "used", "default", "rename", "add", "inside"]):
            case "type":
                found[at] = replace(field, kind=some_type(draw))
            case "nullable":
                found[at] = replace(field, nullable=not field.nullable)
            case "used":
                found[at] = replace(field, used=not field.used)
            case "default":
                found[at] = replace(field, default=not field.default)
            case "rename" if not field.was:
                was = field.name if draw.random() < 0.7 else ""
                found[at] = replace(field, name=f"{field.name}_new", was=was)
            case "add" if len(found) < 6:
                found.append(some_field(f"z{len(found)}", draw))
            case "inside":
                old, new = draw.choice([
                    ("p: ", "s: "), ("q: ", 't: string? q: '), ("int", "decimal"), ("!", "?"),
                    ("int", "float"), ("date", "string"), ('"a", ', ""), ("?", "!"),
                ])  # fmt: skip
                found[at] = replace(field, kind=field.kind.replace(old, new, 1))
    return found


def source(fields: list[Field], whole: bool, key: bool) -> str:
    used = [f"self.{each.name}" for each in fields if each.used] + ["self.id"] * key
    arguments = "self" if whole else f"[{', '.join(used)}]"
    declared = "\n  ".join(each.text() for each in fields)
    return f"""
resource Post {{
  id: uuid! @primary
  {declared}
  @after create @async(name: "work") {{ Email.send({arguments}) }}
}}
"""


@pytest.mark.parametrize("seed", range(40))
def test_the_verdict_on_random_changes_is_what_happens(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    fields = [some_field(f"f{at}", draw) for at in range(draw.randrange(1, 5))]
    whole, key = draw.random() < 0.25, draw.random() < 0.3
    old, new = source(fields, whole, key), source(edited(fields, draw), whole, key)
    readable = [each for each in findings(old, new) if each.code not in LOSING]
    assert executed(old, new, tmp_path) == order(readable), f"{old}{new}"
