"""Rules about hooks and services."""

import pytest
from changed import findings, order

POST = """
resource Post {
  id: uuid! @primary
  title: string!
  @after create @async { Email.send(self.title) }
  %s
}
"""


def calls(*texts: str) -> str:
    return POST % f'@after update @async(name: "more") {{ {" ".join(texts)} }}'


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ("Log.put(1)", "Log.put(1) Pager.alert(1)", "BRK141", "`Pager.alert` is called now"),
        ("Log.put(1)", "Log.put(1) Log.get(1)", "BRK141", "`Log.get` is called now"),
        ("Log.put(1) Pager.alert(1)", "Log.put(1)", "BRK140", "`Pager.alert` is no longer called"),
        ("Log.put(1)", "Log.put(1, 2)", "BRK143", "argument 2 of `Log.put` is new"),
        ("Log.put(1)", "Log.put(1, a: 2)", "BRK143", "the argument `a` of `Log.put` is new"),
        (
            "Log.put(1, a: 2)",
            "Log.put(1)",
            "BRK142",
            "the argument `a` of `Log.put` is no longer given",
        ),
        ("Log.put(1, 2)", "Log.put(1)", "BRK142", "argument 2 of `Log.put` is no longer given"),
        (
            "Log.put(1, 2)",
            "Log.put(1, 2) Log.put(1)",
            "BRK144",
            "argument 2 of `Log.put` is left out by some calls now",
        ),
        (
            "Log.put(1, a: 2) Log.put(1)",
            "Log.put(1, a: 2) Log.put(1, a: 3)",
            "BRK144",
            "the argument `a` of `Log.put` is given by every call now",
        ),
    ],
)
def test_services(old: str, new: str, code: str, message: str) -> None:
    (found,) = (each for each in findings(calls(old), calls(new)) if each.job is None)
    assert (found.code, found.verdict, found.job) == (code, "either", None)
    assert found.message == message


def test_the_span_of_a_call_and_of_one_that_is_gone() -> None:
    (found,) = findings(calls("Log.put(1)"), calls("Log.put(1) Log.put(1, 2)"))
    assert found.span.text.startswith("Log.put(1")
    (found, *_) = findings(calls("Log.put(1) Log.get(2)"), calls("Log.put(1)"))
    assert (found.span.start, found.span.end) == (0, 0)


def test_a_service_that_jobs_call_too() -> None:
    hook = POST % "@after update { Pager.alert(self.title) }"
    found = findings(hook, POST % "@after update @async { Pager.alert(self.title) }")
    assert [(each.code, each.message) for each in found] == [
        ("BRK141", "`Pager` is called by jobs now"),
        ("BRK121", "this job type is new"),
    ]


def test_hooks() -> None:
    hook = "@after update { Email.send(self.title) }"
    (found,) = findings(POST % "", POST % hook)
    assert (found.code, found.verdict) == ("BRK131", "either")
    assert (found.message, found.span.text.strip()) == (
        "the hook `Post.after_update` is new",
        "@after update",
    )
    (found,) = findings(POST % hook, POST % "")
    assert (found.code, found.message) == ("BRK130", "the hook `Post.after_update` was removed")
    assert found.span.text == "Post"
    assert order([found]) == "either"
