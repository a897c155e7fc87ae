"""Sources with random damage: tokens that are removed, doubled, swapped or of another source."""

import re
from pathlib import Path
from random import Random

_TOKEN = re.compile(r'\w+[?!]?|"[^"]*"|\s+|.', re.DOTALL)
_ROOT = Path(__file__).parents[2]
SOURCES = [
    path.read_text("utf-8")
    for folder in ("tests/compiler", "examples")
    for path in sorted((_ROOT / folder).rglob("*.conduit"))
]
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
