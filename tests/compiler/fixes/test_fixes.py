"""The edits of a fix mend a diagnostic, and a safe fix has been tried."""

import re
from pathlib import Path

import pytest

from conduit_async.cli.explain import pages
from conduit_async.compiler import diagnose
from conduit_async.config import Config
from conduit_async.diagnostics import Diagnostic, Problems
from conduit_async.fixes.verify import Fixes, applied
from conduit_async.settings import read_settings
from conduit_async.source import Source

CASES = Path(__file__).parents[1] / "cases"
HEAD = "resource Post {\n  id: uuid! @primary\n  title: string!\n  note: text?\n  views: int!\n"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
LEAST_CODES = 60
"""How many codes have fixes at least."""


def with_fixes(text: str) -> tuple[Diagnostic, ...]:
    sources = {"post.conduit": text}
    return Fixes(sources, Config()).added_to(diagnose(sources))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        pytest.param("Email.send(self.titel)", "Email.send(self.title)", id="a misspelt field"),
        pytest.param("Email.send(self.title", "Email.send(self.title)", id="a missing bracket"),
        pytest.param("Email.send(self.title))", "Email.send(self.title)", id="one too many"),
        pytest.param("Email.send(selftitle)", "Email.send(self.title)", id="a missing dot"),
        pytest.param("Email..send(self.title)", "Email.send(self.title)", id="a doubled dot"),
        pytest.param('Email.send("a)', 'Email.send("a")', id="a quote"),
        pytest.param('Email.send(self.title ?? "a")', "Email.send(self.title)", id="does nothing"),
        pytest.param(
            "A.b(self.titel) C.d(self.titel)", "A.b(self.title) C.d(self.title)", id="twice"
        ),
        pytest.param("le a = 1 Email.send(a)", "let a = 1 Email.send(a)", id="a misspelt word"),
        pytest.param("Email.send(1 2)", "Email.send(1, 2)", id="a missing comma"),
        pytest.param("Email.send(String.uppcase(self.title))", None, id="a misspelt function"),
        pytest.param("if self.views > 1 Email.send(1) }", None, id="a missing brace"),
        pytest.param('raise "a #{self.title}"', 'error("a #{self.title}")', id="raise"),
        pytest.param('throw new Error("a")', 'error("a")', id="an exception"),
        pytest.param("let a = 1\nb := a\nA.b(b)", "let a = 1\nlet b = a\nA.b(b)", id="another let"),
        pytest.param("await A.b(1)", "A.b(1)", id="await"),
        pytest.param("for (i in [1]) { A.b(i) }", "for i in [1] { A.b(i) }", id="parentheses"),
        pytest.param("Email.send(1) self.delete!", None, id="a write of self"),
    ],
)
def test_a_safe_fix(wrong: str, right: str | None) -> None:
    text = f"{HEAD}  @after create @async {{ {wrong} }}\n}}\n"
    found = with_fixes(text)
    fix = next(fix for each in found for fix in each.fixes if fix.safe)
    fixed = applied(text, fix.edits)
    assert not diagnose({"post.conduit": fixed})
    if right is not None:
        assert fixed == text.replace(wrong, right)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("Email.send(self.note.upcase())", id="a choice of what nil means"),
        pytest.param("Emial.send(1) Email.send(1) Email.send(2)", id="another service"),
        pytest.param('Email.send("{self.title}")', id="text that may be meant"),
        pytest.param("Email.send(1) self.increment!(:views)", id="other arguments"),
    ],
)
def test_what_may_mean_something_else_is_offered_and_not_safe(statement: str) -> None:
    found = with_fixes(f"{HEAD}  @after create @async {{ {statement} }}\n}}\n")
    assert [fix.safe for each in found for fix in each.fixes] == [False]


def test_defaults_become_attributes() -> None:
    text = f'{HEAD}  a: int! = -3 @index\n  b: string! = "x"\n  c: float! = 1.5 }}\n'
    [*fixes] = (fix for each in with_fixes(text) for fix in each.fixes if fix.safe)
    fixed = applied(text, [edit for fix in fixes for edit in fix.edits])
    assert "a: int! @default(-3) @index\n" in fixed
    assert 'b: string! @default("x")\n' in fixed
    assert "c: float! @default(1.5) }\n" in fixed
    assert not diagnose({"post.conduit": fixed})


def test_a_fix_knows_the_other_sources() -> None:
    sources = {
        "user.conduit": "resource User {\n  id: uuid! @primary\n  email: string!\n}\n",
        "post.conduit": f"{HEAD}  author: User!\n"
        "  @after create @async { Email.send(self.author.emial) }\n}\n",
        "other.conduit": "resource Other {\n  id: uuid! @primary\n  author: Usr!\n}\n",
    }
    found = Fixes(sources, Config()).added_to(diagnose(sources))
    texts = [(fix.safe, edit.text) for each in found for fix in each.fixes for edit in fix.edits]
    assert texts == [(True, "User"), (True, "email")]


@pytest.mark.slow
def test_many_codes_have_fixes() -> None:
    codes: set[str] = set()
    for page in pages().values():
        wrong = page.read_text("utf-8").partition("\nInstead:\n")[0]
        blocks = dict(BLOCK.findall(wrong))
        codes |= fixed_codes(
            {"post.conduit": blocks.get("conduit", f"{HEAD}}}\n")}, blocks.get("toml", "")
        )
    for folder in CASES.iterdir():
        if re.match(r"[a-z]{3}\d{3}-", folder.name):
            sources = {path.name: path.read_text("utf-8") for path in folder.glob("*.conduit")}
            lock = folder / "jobs.lock"
            codes |= fixed_codes(sources, "", lock.read_text("utf-8") if lock.exists() else None)
    assert len(codes) >= LEAST_CODES, sorted(codes)


def fixed_codes(sources: dict[str, str], settings: str, lock: str | None = None) -> set[str]:
    problems = Problems()
    config = read_settings(Source("conduit.toml", settings), problems) or Config()
    found = (*problems.sorted(), *diagnose(sources, config, lock))
    return {each.code for each in Fixes(sources, config, lock).added_to(found) if each.fixes}
