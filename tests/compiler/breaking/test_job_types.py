"""Rules about job types, their queues and options, and earlier payloads."""

from collections.abc import Sequence

import pytest
from changed import findings, order

from conduit_async.breaking.finding import Finding
from conduit_async.config import Config

MAIL = '@async(name: "mail"%s) { Email.send(self.title) }'
INDEX = '@async(name: "index"%s) { Email.send(self.title) }'


def post(*blocks: str, fields: str = "title: string!") -> str:
    hooks = "\n".join(f"  @after create {block}" for block in blocks)
    return f"resource Post {{\n  id: uuid! @primary\n  {fields}\n{hooks}\n}}\n"


def said(found: Sequence[Finding]) -> dict[str, str]:
    return {f"{each.code} {each.job}": each.verdict for each in found}


def test_a_job_type_is_removed() -> None:
    found = findings(post(MAIL % "", INDEX % ""), post(MAIL % ""))
    assert said(found) == {"BRK120 post.after_create.index": "web-first"}
    assert found[0].span.text.startswith("@after create")
    assert order(found) == "web-first"


def test_a_job_type_is_new() -> None:
    found = findings(post(MAIL % ""), post(MAIL % "", INDEX % ""))
    assert said(found) == {"BRK121 post.after_create.index": "workers-first"}
    assert found[0].span.text == '@async(name: "index")'


def test_a_job_type_is_renamed_without_saying_so() -> None:
    found = findings(post(MAIL % ""), post(INDEX % ""))
    assert said(found) == {
        "BRK120 post.after_create.mail": "web-first",
        "BRK121 post.after_create.index": "workers-first",
    }
    assert order(found) == "drain-first"
    assert found[1].hint == (
        "old workers do not know it: its jobs wait for the new ones; if it was called `mail`, say "
        'so: `@async(was: "mail")`'
    )


def test_a_job_type_is_renamed() -> None:
    found = findings(post(MAIL % ""), post(INDEX % ', was: "mail"'))
    assert said(found) == {"BRK122 post.after_create.index": "workers-first"}


def test_a_job_type_moves_to_another_resource_without_saying_so() -> None:
    old = post("@async { Email.send(self.title) }")
    found = findings(old, old.replace("Post", "Page"))
    assert [each.code for each in found if each.job] == ["BRK120", "BRK121"]
    assert (found[-1].hint or "").endswith(
        "if it was called `post.after_create.email_send`, say so: `@async(was: "
        '"post.after_create.email_send")`'
    )


@pytest.mark.parametrize(
    ("block", "name"), [(MAIL % "", "mail"), ("@async { Email.send(self.title) }", "email_send")]
)
def test_a_resource_gets_another_name_and_its_block_changes(block: str, name: str) -> None:
    new = post(block.replace("(self.title)", "(self.title, 1)"), INDEX % "")
    found = findings(post(block, INDEX % ""), new.replace("Post", "Page"))
    hints = [each.hint or "" for each in found if each.code == "BRK121"]
    assert {hint.rpartition("; ")[2] for hint in hints} == {
        f"if it was called `post.after_create.{each}`, say so: "
        f'`@async(was: "post.after_create.{each}")`'
        for each in (name, "index")
    }


def test_a_job_type_that_only_jobs_enqueue_is_renamed() -> None:
    block = '@async(name: "mail") { Email.send(self.title) %s }'
    old = post(block % '@async(name: "index") { Email.send(self.title) }')
    new = post(block % '@async(name: "search", was: "index") { Email.send(self.title) }')
    [found] = findings(old, new)
    assert (found.code, found.verdict) == ("BRK122", "either")
    assert found.hint == "only jobs of new workers enqueue it"


def test_a_renamed_job_type_whose_payload_needs_the_web_processes_first() -> None:
    old = post(MAIL % "")
    new = post('@async(name: "post", was: "mail") { Email.send(self.title + self.body) }')
    fields = "title: string! body: string!"
    found = findings(old.replace("title: string!", fields), new.replace("title: string!", fields))
    assert {each.code: each.verdict for each in found} == {
        "BRK122": "workers-first",
        "BRK102": "web-first",
        "BRK110": "never",
    }


def test_a_resource_with_jobs_is_removed() -> None:
    old = post(MAIL % "") + post(INDEX % "").replace("Post", "Page")
    found = findings(old, post(MAIL % ""))
    assert said(found) == {
        "BRK130 None": "either",
        "BRK120 page.after_create.index": "web-first",
    }
    assert [(each.span.start, each.span.end) for each in found] == [(0, 0), (0, 0)]


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (("mail",), ("email",), "drain-first"),
        (("mail", "email"), ("email", "email"), "web-first"),
        (("mail", "mail"), ("email", "mail"), "workers-first"),
        (("mail", "mail", "email"), ("email", "mail", "email"), "either"),
    ],
)
def test_a_queue_is_moved(old: tuple[str, ...], new: tuple[str, ...], verdict: str) -> None:
    def source(queues: tuple[str, ...]) -> str:
        blocks = [
            f'@async(name: "job{at}", queue: "{queue}") {{ Email.send(self.title) }}'
            for at, queue in enumerate(queues)
        ]
        return post(*blocks)

    found = findings(source(old), source(new))
    assert said(found) == {"BRK123 post.after_create.job0": verdict}
    assert found[0].message == "its queue was `mail`, and is `email`"


def test_options_changed() -> None:
    old = ', timeout: 1.minute, backoff: "linear"'
    new = ', priority: "high", max_attempts: 5, base: 10.seconds'
    (found,) = findings(post(MAIL % old), post(MAIL % new))
    assert (found.code, found.verdict) == ("BRK124", "either")
    assert found.message == (
        "its options changed: priority 50 -> 75, max_attempts 3 -> 5, timeout 60 s -> none, "
        "base none -> 10 s, backoff linear -> exponential"
    )


def test_limits_and_errors_changed() -> None:
    old = ', concurrency: 5, retry_on: ["OSError", "KeyError"]'
    new = ', rate_limit: 100, per: 1.minute, discard_on: "ValueError"'
    (found,) = findings(post(MAIL % old), post(MAIL % new))
    assert (found.code, found.verdict) == ("BRK124", "either")
    assert found.message == (
        "its options changed: retry_on OSError KeyError -> none, discard_on none -> ValueError, "
        "concurrency 5 -> none, rate_limit none -> 100, per none -> 60 s"
    )
    assert found.hint == (
        "old and new workers each follow their own code until the old ones are replaced; the "
        "limits of the worker that started last hold for all, unless a command set others"
    )


def test_a_block_becomes_a_batch() -> None:
    block = '@async(name: "mail"%s) { Email.send(self.title) }'
    (found,) = findings(post(block % ""), post(block % ", batch: 100, wait: 2.seconds"))
    assert (found.code, found.verdict) == ("BRK124", "either")
    assert found.message == "its options changed: batch none -> 100, wait none -> 2 s"
    assert found.hint == (
        "each worker calls its services as its own code says: for a batch with lists"
    )


def test_a_prefix_is_one_finding_and_hides_no_other() -> None:
    old, new = post(MAIL % ""), post(MAIL % ', queue: "mail"', fields="title: string?")
    found = findings(old, new, Config(prefix="blog"), Config(prefix="news_"))
    assert said(found) == {
        "BRK132 None": "drain-first",
        "BRK123 news_post.after_create.mail": "drain-first",
        "BRK106 news_post.after_create.mail": "workers-first",
    }


def test_a_schema() -> None:
    found = findings(post(MAIL % ""), post(MAIL % ""), Config(), Config(schema="work"))
    assert said(found) == {"BRK133 None": "drain-first"}
    assert found[0].message == "`schema` was not set, and is `work`"


def test_everything_is_new() -> None:
    from conduit_async.deploy import find_breaking
    from conduit_async.lock.model import Lock

    _, found = find_breaking({"post.conduit": post(MAIL % "")}, Lock(), Config(schema="work"))
    assert [each.code for each in found] == ["BRK131", "BRK141", "BRK121"]
    assert order(found) == "workers-first"


def test_a_field_that_became_sensitive() -> None:
    sensitive = Config(sensitive=("Post.title",))
    (found,) = findings(post(MAIL % ""), post(MAIL % ""), Config(), sensitive)
    assert (found.code, found.verdict, found.field) == ("BRK109", "either", "title")
    (found,) = findings(post(MAIL % ""), post(MAIL % ""), sensitive, Config())
    assert found.message == "`title` is no longer sensitive"


@pytest.mark.parametrize(("kind", "verdict"), [("string!", "workers-first"), ("string?", "either")])
def test_a_column_of_a_snapshot_that_became_sensitive(kind: str, verdict: str) -> None:
    source = post("@async { Search.put(self) }", fields=f"title: {kind}")
    (found,) = findings(source, source, Config(), Config(sensitive=("title",)))
    assert (found.code, found.verdict, found.field) == ("BRK109", verdict, "post.title")
    assert found.message == "`post.title` was removed, since it became sensitive"


def test_an_earlier_payload_that_nothing_reads() -> None:
    first = post(MAIL % "")
    then = post("@async { Email.send(self.a) }".replace("@async", '@async(name: "mail")'))
    then = then.replace("title: string!", 'a: string! @was("title")')
    now = then.replace(' @was("title")', "")
    (found,) = findings(then, now, earlier=[first])
    assert (found.code, found.verdict, found.field) == ("BRK111", "either", "a")
    assert "`a` is missing in older payloads, and never nil" in found.message
    assert not findings(then, then, earlier=[first])
