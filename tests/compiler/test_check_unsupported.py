"""What Python cannot hold is said in the language's words."""

from conduit_async.compiler import compile

LOOPS = "for i in 1..2 { " * 17 + "Email.send(i)" + " }" * 17


def source(block: str) -> dict[str, str]:
    return {
        "post.conduit": f"resource Post {{ id: uuid! @primary @after create @async {{ {block} }} }}"
    }


def test_loops_deeper_than_those_of_python_are_reported() -> None:
    output = compile(source(LOOPS))
    assert [each.code for each in output.diagnostics] == ["GEN690"]
    assert "more than 16 nested loops" in output.diagnostics[0].message
    assert not output.files


def test_a_job_inside_starts_anew() -> None:
    half = "for i in 1..2 { " * 15
    assert compile(source(f"{half} @async {{ {half} Email.send(i) {'}' * 31}")).files
