"""What is not compiled yet is said in the language's words."""

import pytest

from conduit_async.compiler import compile
from conduit_async.config import Config

BLOCKS = {
    "names of `externs`": "Email.send(outside)",
    "a lambda that calls": "Email.send(self.tags.map(|t| { let n = Email.find(t)  return n }))",
    "a query on the right": "Email.send(Post.where(id in Post.where(id: self.id)).count)",
    "nested loops": "for i in 1..2 { " * 17 + "Email.send(i)" + " }" * 17,
    "a `return` inside": "let a = Email.get(1) rescue { for t in self.tags { return t } 2 }"
    " Email.send(a)",
}


@pytest.mark.parametrize("what", BLOCKS)
def test_it_is_reported(what: str) -> None:
    source = (
        "resource Post { id: uuid! @primary tags: array<string>!"
        f" @after create @async {{ {BLOCKS[what]} }} }}"
    )
    output = compile({"post.conduit": source}, Config(externs=("outside",)))
    found = [each for each in output.diagnostics if each.code == "GEN690"]
    assert [what in each.message for each in found] == [True], output.diagnostics
    assert not output.files
