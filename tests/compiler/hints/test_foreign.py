"""Words of other languages are ordinary names wherever a name is allowed."""

import pytest

from conduit_async.compiler import diagnose
from conduit_async.hints.foreign_words import FOREIGN_WORDS
from conduit_async.tokens import KEYWORDS

NAMES = sorted(word for word in FOREIGN_WORDS - KEYWORDS.keys() if word.isidentifier())

_AS_NAMES = """
resource Post {{
  id: uuid! @primary @auto
  {word}: string!
  more: {{ {word}: string! }}!
  @function call_{word}({word}: string) -> string {{
    let next = {word}
    {word}
  }}
  @after update @async {{
    let {word} = self.{word}
    if {word} == "a" {{ Email.send({word}, {word}: {word}) }}
    for other in [{word}] {{ Logger.info(other, {word}: {word}) }}
    let hash = {{ {word}: {word}, other: {word} }}
    let chosen = {word} ? {word} : self.more.{word}
    Email.{word}(hash, chosen)
    {word} = "b"
    Email.send({word})
  }}
}}
"""


@pytest.mark.parametrize("word", NAMES)
def test_a_foreign_word_is_a_name(word: str) -> None:
    found = diagnose({"post.conduit": _AS_NAMES.format(word=word)})
    assert [d.message for d in found if d.severity == "error"] == []


@pytest.mark.parametrize("word", NAMES)
def test_a_foreign_word_is_a_function(word: str) -> None:
    text = (
        "resource Post {\n"
        "  id: uuid! @primary @auto\n"
        f"  @function {word}(text: string) -> string {{ return text }}\n"
        "  @after update @async {\n"
        f'    {word}("a")\n'
        f'    if {word}("b") == "c" {{ Email.send({word}("d")) }}\n'
        "  }\n"
        "}\n"
    )
    assert [d.message for d in diagnose({"post.conduit": text})] == []


@pytest.mark.parametrize("word", NAMES)
def test_a_foreign_word_is_a_loop_variable_and_a_parameter(word: str) -> None:
    text = (
        "resource Post {\n"
        "  id: uuid! @primary @auto\n"
        "  tags: array<string>!\n"
        "  @after update @async {\n"
        f"    for {word} in self.tags {{ Email.send({word}) rescue |err| {{ Email.send(err) }} }}\n"
        f"    Email.send(self.tags.map(|{word}| {{ {word} }}), self.tags.map(({word}) => {word}))\n"
        '      rescue { Logger.warn("not sent") }\n'
        f"    Email.send(1) rescue |{word}| {{\n"
        f"      Email.send({word})\n"
        "    }\n"
        "  }\n"
        "}\n"
    )
    assert [d.message for d in diagnose({"post.conduit": text})] == []
