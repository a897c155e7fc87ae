"""Random edits of a source that change what jobs capture."""

import re
from collections.abc import Callable
from random import Random

_FIELD = re.compile(r"^  (\w+): ([a-z]+)((?:\([\d, ]+\))?)([!?])(.*)$", re.M)
_BLOCK = re.compile(r"@async(?: ?\([^)]*\))? \{")
_SELF = re.compile(r", (?:\w+: )?self\.[a-z_]+(?=[,)])")
_QUEUE = re.compile(r'queue: "(\w+)"')
_KINDS = ("string", "int", "float", "decimal", "bool", "timestamp", "uuid")


def edited(text: str, random: Random) -> str:
    """The source after one to three edits; it may have errors."""
    for _ in range(random.randint(1, 3)):
        text = random.choice(_EDITS)(text, random)
    return text


def _field(text: str, random: Random) -> "re.Match[str]":
    fields = [each for each in _FIELD.finditer(text) if each[1] != "id"]
    return random.choice(fields)


def _rename(text: str, random: Random) -> str:
    found = _field(text, random)
    name, new = found[1], f"{found[1]}_now"
    was = f' @was("{name}")' if random.random() < 0.5 else ""
    line = f"  {new}: {found[2]}{found[3]}{found[4]}{was}{found[5]}"
    text = text.replace(found[0], line)
    text = re.sub(rf"self\.{name}\b", f"self.{new}", text)
    return re.sub(rf"self\.{name}_changed", f"self.{new}_changed", text)


def _retype(text: str, random: Random) -> str:
    found = _field(text, random)
    return text.replace(found[0], f"  {found[1]}: {random.choice(_KINDS)}{found[4]}")


def _loosen(text: str, random: Random) -> str:
    found = _field(text, random)
    mark = "?" if found[4] == "!" else "!"
    return text.replace(found[0], f"  {found[1]}: {found[2]}{found[3]}{mark}{found[5]}")


def _capture(text: str, random: Random) -> str:
    """Make a block use another field, perhaps a new one."""
    name = _field(text, random)[1]
    if random.random() < 0.6:
        name = "extra"
        kind = random.choice(_KINDS)
        rest = random.choice(["!", "?", '! @default("x")', "! @default(0)"])
        text = re.sub(r"^(  id: .*)$", rf"\1\n  extra: {kind}{rest}", text, count=1, flags=re.M)
    block = random.choice([*_BLOCK.finditer(text)])
    return f'{text[: block.end()]} Logger.info("x", value: self.{name}) {text[block.end() :]}'


def _release(text: str, random: Random) -> str:
    """Remove an argument that is a field."""
    found = [*_SELF.finditer(text)]
    if not found:
        return text
    one = random.choice(found)
    return text[: one.start()] + text[one.end() :]


def _requeue(text: str, random: Random) -> str:
    found = [*_QUEUE.finditer(text)]
    if not found:
        return text
    one = random.choice(found)
    return f'{text[: one.start()]}queue: "{one[1]}_now"{text[one.end() :]}'


def _add_hook(text: str, random: Random) -> str:
    name = _field(text, random)[1]
    end = text.rindex("}")
    event = random.choice(["create", "update", "delete"])
    return f"{text[:end]}  @after {event} @async {{ Pager.alert(self.{name}) }}\n}}\n"


def _remove_statement(text: str, random: Random) -> str:
    """Remove a line of a block."""
    lines: list[str] = re.findall(r"^ {4,}\w+\.\w+\(.*\)\n", text, flags=re.M)
    return text.replace(random.choice(lines), "", 1) if lines else text


def _prepend(text: str, random: Random) -> str:
    block = random.choice([*_BLOCK.finditer(text)])
    return f'{text[: block.end()]} Audit.note("begun") {text[block.end() :]}'


def _enum(text: str, random: Random) -> str:
    return re.sub(r'enum \["', 'enum ["new", "', text, count=1)


_EDITS: tuple[Callable[[str, Random], str], ...] = (
    _rename, _retype, _loosen, _capture, _capture, _release, _requeue, _add_hook,
    _remove_statement, _prepend, _enum,
)  # fmt: skip
