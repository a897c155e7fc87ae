"""Sources with random damage: tokens that are removed, doubled, swapped or of another source."""

import re
from itertools import groupby
from pathlib import Path
from random import Random

_TOKEN = re.compile(r'\w+[?!]?|"[^"]*"|\s+|.', re.DOTALL)
_ROOT = Path(__file__).parents[2]
_PATHS = [
    path
    for folder in ("tests/compiler", "examples")
    for path in sorted((_ROOT / folder).rglob("*.conduit"))
]
SOURCE_FOLDERS = [
    {path.name: path.read_text("utf-8") for path in paths}
    for _, paths in groupby(_PATHS, lambda path: path.parent)
]
"""The sources of each folder, by their names."""

SOURCES = [text for sources in SOURCE_FOLDERS for text in sources.values()]
_TOKENS = [_TOKEN.findall(text) for text in SOURCES]
_ALL = sorted({token for tokens in _TOKENS for token in tokens if not token.isspace()})


def mutated(random: Random) -> str:
    """One of the sources, damaged in one to four places."""
    tokens = list(random.choice(_TOKENS))
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        at = random.randrange(len(tokens)) if tokens else 0
        match random.randrange(4):
            case 0:
                del tokens[at : at + 1]
            case 1:
                tokens.insert(at, random.choice(_ALL))
            case 2:
                tokens[at : at + 1] = [random.choice(_ALL)]
            case _:
                other = random.randrange(len(tokens)) if tokens else 0
                tokens[at : at + 1], tokens[other : other + 1] = (
                    tokens[other : other + 1],
                    tokens[at : at + 1],
                )
    return "".join(tokens)


def one_mistake(random: Random, text: str) -> str:
    """A source with one mistake: a line or a token is left out, doubled or swapped, or misspelt."""
    how = random.randrange(8)
    if how < 3:
        lines = text.splitlines(keepends=True)
        return "".join(_damaged(lines, random.randrange(len(lines)), how))
    return _with_one_token(random, text, how - 3)


def one_token(random: Random, text: str) -> str:
    """A source with one mistake: a token is left out, doubled or swapped, or misspelt."""
    return _with_one_token(random, text, random.randrange(5))


def _with_one_token(random: Random, text: str, how: int) -> str:
    tokens = _TOKEN.findall(text)
    if how < 3:
        visible = [at for at, token in enumerate(tokens) if not token.isspace()]
        return "".join(_damaged(tokens, random.choice(visible), how))
    names = [at for at, token in enumerate(tokens) if re.match(r"[A-Za-z_]\w{2}", token)]
    at = random.choice(names)
    tokens[at] = "".join(_damaged([*tokens[at]], random.randrange(3), random.randrange(3)))
    return "".join(tokens)


def _damaged(parts: list[str], at: int, how: int) -> list[str]:
    """The parts without one, with it twice, or with it and the next that is no space swapped."""
    before, part, after = parts[:at], parts[at], parts[at + 1 :]
    if how < 2:
        return [*before, *([part] * 2 * how), *after]
    other = next((at for at, each in enumerate(after) if not each.isspace()), None)
    if other is None:
        return before
    return [*before, after[other], *after[:other], part, *after[other + 1 :]]


def noise(random: Random) -> str:
    """A text of tokens and of any characters, perhaps as the body of a hook."""
    pieces = [
        random.choice(_ALL) if random.random() < 0.9 else chr(random.randrange(0x11000))
        for _ in range(random.randrange(60))
    ]
    text = random.choice(["", " ", "\n"]).join(pieces)
    if random.random() < 0.5:
        return text
    return f"resource R {{\n id: uuid! @primary\n @after create {{ @async {{ {text} }} }}\n}}"
