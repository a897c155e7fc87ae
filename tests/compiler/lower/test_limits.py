"""Long chains and deep nests become Python that CPython compiles."""

from pathlib import Path

import pytest
from generated import compiled, imported

from conduit_async.config import Config

pytestmark = pytest.mark.slow

RESOURCE = """
resource Post {
  id: uuid! @primary
  title: string!
  views: int!
  note: text?
  flag: bool!
  data: json?
  @after create @async { BODY }
}
"""
LENGTH = 1100  # deeper than Python recurses

CHAINS = {
    "sum": "Api.a(" + " + ".join(["self.views"] * LENGTH) + ")",
    "texts": "Api.a(" + " + ".join(['"a"', "self.title"] * (LENGTH // 2)) + ")",
    "and": "Api.a(" + " && ".join(["self.flag"] * LENGTH) + ")",
    "or": "if " + " || ".join(["self.flag"] * LENGTH) + " { Api.a(1) }",
    "default": "Api.a(" + " ?? ".join(["self.note"] * 300) + ")",
    "equal": "Api.a(" + " == ".join(["self.flag"] * 300) + ")",
    "power": "Api.a(" + " ** ".join(["2"] * 300) + ")",
    "not": "Api.a(" + "!" * 20_000 + "self.flag)",
    "minus": "Api.a(" + "-" * 20_000 + "self.views)",
    "minus of any": "Api.a(" + "-" * LENGTH + "Api.b())",
    "not in a query": "Api.a(Post.where(" + "!" * LENGTH + "(flag == true)).count())",
    "minus in an option": f"@async(priority: {'-' * LENGTH}5) {{ Api.a(1) }}",
    "unwrap": "Api.a(self.data" + "!" * LENGTH + ")",
    "ternary": "Api.a(" + "".join(f"self.views == {n} ? {n} : " for n in range(300)) + "0)",
    "member": "Api.a(self.data" + ".x" * 300 + ")",
    "safe": "Api.a(self.data" + "?.x" * 100 + ")",
    "method": "Api.a(self.title" + ".upcase()" * 300 + ")",
    "text": 'Api.a("' + "#{self.views} " * LENGTH + '")',
    "elsif": "if self.flag { Api.a(0) }" + " elsif self.flag { Api.a(1) }" * 3000,
}
NESTS = {
    "arrays": "Api.a(" + "[" * 98 + "1" + "]" * 98 + ")",
    "parentheses": "Api.a(" + "(self.flag && " * 98 + "self.flag" + ")" * 98 + ")",
    "calls": "Api.a(" + "String.upcase(" * 98 + "self.title" + ")" * 98 + ")",
    "blocks": "if self.flag { " * 90 + "Api.a(1) }" + " Api.b(1) }" * 89,
    "loops": "".join(f"for n{n} in 1..2 {{ " for n in range(95)) + "Api.a(n1, n90)" + " }" * 95,
    "rescues": "Api.a(1) rescue { " * 95 + "Api.b(1)" + " }" * 95,
    "arms": "match self.views { when 1 { Api.a(1) " * 47 + "}}" * 47,
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains(name: str) -> None:
    compile(compiled(RESOURCE.replace("BODY", CHAINS[name]))["post.py"], "post.py", "exec")


@pytest.mark.parametrize("name", NESTS)
def test_nests(name: str) -> None:
    compile(compiled(RESOURCE.replace("BODY", NESTS[name]))["post.py"], "post.py", "exec")


@pytest.mark.parametrize("config", [Config(), Config(connection="async")])
def test_savepoints_nest(config: Config) -> None:
    hook = "Post.where(flag == true).exists?()"
    for number in range(15):
        hook = f"match self.views {{ when {number} {{ {hook} rescue {{ nil }} }} }}"
    source = RESOURCE.replace("@async { BODY }", f"{{ {hook} @async {{ Api.a(self.id) }} }}")
    written = compiled(source, config)["post.py"]
    compile(written, "post.py", "exec")
    assert written.count("savepoint()") == 15


def test_loops_in_a_function_that_awaits() -> None:
    loops = NESTS["loops"].replace(
        "Api.a(n1, n90)", "if Post.where(views == n90).exists?() { return 5 }"
    )
    hook = f'let found = error("none") rescue {{ {loops} 7 }} Logger.info("#{{found}}")'
    source = RESOURCE.replace("@async { BODY }", f"{{ {hook} @async {{ Api.a(self.id) }} }}")
    written = compiled(source, Config(connection="async"))["post.py"]
    compile(written, "post.py", "exec")
    assert "await part()" in written


def test_prefixes_keep_their_meaning() -> None:
    values = "!self.flag, !!self.flag, !!!self.flag, - -self.views, - - -self.views"
    module = compiled(RESOURCE.replace("BODY", f"Api.a({values})"))["post.py"]
    given = "not post.flag, bool(post.flag), not post.flag, post.views, -post.views"
    assert given in module


def test_texts_in_a_nest_are_no_code() -> None:
    hook = "for tag in 1..2 { " * 25 + 'Logger.info("await it (replace := x) as y:")' + " }" * 25
    source = RESOURCE.replace("@async { BODY }", f"{{ {hook} @async {{ Api.a(self.id) }} }}")
    written = compiled(source)["post.py"]
    compile(written, "post.py", "exec")
    assert "nonlocal" not in written


ARMS = {
    "elsif": "if k == 0 { return 0 }"
    + "".join(f" elsif k == {n} {{ if flag {{ return {n} }} }}" for n in range(1, 700)),
    "match": "match k + 0.0 { "
    + "".join(f"when {n} {{ if flag {{ return {n} }} }} " for n in range(120))
    + "}",
    "ternary": "let value = "
    + "".join(
        f"k == {n} ? (match k {{ when {n} {{ if flag {{ return {n} }} 1 }} else {{ 2 }} }}) : "
        for n in range(60, 90)
    )
    + "3",
}


@pytest.mark.parametrize("name", ARMS)
def test_return_from_a_long_chain_ends_the_value(name: str, tmp_path: Path) -> None:
    function = f"""
      @function pick(k: int, flag: bool) -> int {{
        let found = error("none") rescue {{ {ARMS[name]}  error("passed") }}
        return found
      }}
      @after update {{ @async {{ Api.a(pick(77, true)) }} }}
    """
    files = compiled(RESOURCE.replace("@after", f"{function}\n@after", 1).replace("BODY", ""))
    last = 600 if name == "elsif" else 77
    with imported(files, tmp_path) as package:
        assert package.post.pick(77, True) == 77
        assert package.post.pick(last, True) == last
