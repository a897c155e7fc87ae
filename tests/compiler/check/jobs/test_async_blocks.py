"""The names of `@async` blocks, their options, and the places where they are allowed."""

from pathlib import Path
from typing import Any

import pytest

from conduit_async.check import check
from conduit_async.config import Config
from conduit_async.diagnostics import Diagnostic, Problems
from conduit_async.job_options import OPTIONS, OptionValue
from conduit_async.parse import parse
from conduit_async.program import JobInfo, Program
from conduit_async.source import Source


def checked(members: str, config: Config | None = None) -> tuple[Program | None, list[Diagnostic]]:
    problems = Problems()
    source = f"resource BlogPost {{ id: uuid! @primary title: string! {members} }}"
    files = [parse(Source("post.conduit", source), problems)]
    return check(files, config or Config(), problems), list(problems.sorted())


def jobs(members: str, config: Config | None = None) -> list[JobInfo]:
    program, problems = checked(members, config)
    assert program is not None, problems
    hooks = program.resources["BlogPost"].hooks
    return [job for hook in hooks for job in hook.jobs]


def job(options: str, config: Config | None = None) -> JobInfo:
    (found,) = jobs(f"@after create @async({options}) {{ Mail.send() }}", config)
    return found


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("Email.send()", "email_send"),
        ("SearchIndex.update!(1)", "search_index_update"),
        ("Audit.log(Crypter.sign(1))", "audit_log"),
        ('let x = 1 Logger.info("a") Mail.send(x)', "mail_send"),
        ('BlogPost.create!({ title: "x" })', "create_blog_post"),
        ('BlogPost.create!({ title: "x" }) Mail.send()', "mail_send"),
        ('Logger.info("only")', "job"),
    ],
)
def test_a_block_is_called_after_the_first_thing_it_does(body: str, what: str) -> None:
    (found,) = jobs(f"@after create @async {{ {body} }}")
    assert found.name == f"blog_post.after_create.{what}"


def test_python_names_follow_and_do_not_clash() -> None:
    found = jobs(
        """
        @function mail_send() -> string { return "x" }
        @after create @async { Mail.send() }
        @after update @async { Mail.tell(mail_send()) }
        @after delete @async { Mail.tell() }
        @after save @async(name: "blog-post") { Mail.tell() }
        """
    )
    assert [(j.name.split(".", 1)[1], j.python, j.payload) for j in found] == [
        ("after_create.mail_send", "after_create_mail_send", "AfterCreateMailSend"),
        ("after_update.mail_tell", "mail_tell", "MailTell"),
        ("after_delete.mail_tell", "after_delete_mail_tell", "AfterDeleteMailTell"),
        ("after_save.blog-post", "blog_post", "BlogPost_"),
    ]


def test_a_second_block_of_one_name_is_numbered_with_a_warning() -> None:
    hooks = """
    @after create { @async { Mail.send() @async { Mail.send() } } }
    @after create @async(name: "mail_send_2") { Mail.send() }
    @after update @async { Mail.send() }
    """
    program, problems = checked(hooks)
    assert program is not None
    assert [j.name for j in jobs(hooks)] == [
        "blog_post.after_create.mail_send",
        "blog_post.after_create.mail_send_3",
        "blog_post.after_create.mail_send_2",
        "blog_post.after_update.mail_send",
    ]
    assert [(d.code, d.severity) for d in problems] == [("ASY901", "warning")]


@pytest.mark.parametrize(("prefix", "start"), [("shop", "shop."), ("shop:", "shop:")])
def test_a_prefix_sets_the_job_types_of_a_package_apart(prefix: str, start: str) -> None:
    assert job("", Config(prefix=prefix)).name == f"{start}blog_post.after_create.mail_send"


def test_without_options_the_defaults_hold() -> None:
    found = job("")
    assert found.options == {}
    defaults: dict[str, OptionValue] = {"queue": "bulk", "priority": 10, "timeout": 60.0}
    found = job("priority: 20", Config(defaults=defaults))
    assert found.options == {"queue": "bulk", "priority": 20, "timeout": 60.0}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ('queue: "mail"', "mail"),
        ('priority: "urgent"', 100),
        ("priority: 0", 0),
        ("max_attempts: 10", 10),
        ('backoff: "linear"', "linear"),
        ("base: 30.seconds", 30.0),
        ("timeout: 2 * 10.minutes", 1200.0),
        ("timeout: 1.hour + 1.5.seconds", 3601.5),
        ("delay: 1.day", 86_400.0),
        ("weight: 1_200", 1200),
    ],
)
def test_constants_are_folded(option: str, value: Any) -> None:
    (found,) = job(option).options.values()
    assert found == value
    assert type(found) is type(value)


def test_expressions_are_kept() -> None:
    found = job("run_at: Time.now() + 1.hour, unique: [self.id, self.title], unique_for: 1.day")
    assert found.options["run_at"].span.text == "Time.now() + 1.hour"
    assert [node.span.text for node in found.options["unique"]] == ["self.id", "self.title"]
    assert found.options["unique_for"] == 86_400.0
    assert [node.span.text for node in job("unique: self.id").options["unique"]] == ["self.id"]


@pytest.mark.parametrize(
    ("options", "code", "text", "hint"),
    [
        ('que: "mail"', "VAL500", "que", "did you mean `queue`?"),
        ("time_limit: 1.hour", "VAL500", "time_limit", "did you mean `timeout`?"),
        ("ttl: 1.hour", "VAL500", "ttl", "did you mean `expires`?"),
        ("expires_in: 1.hour", "VAL500", "expires_in", "did you mean `expires`?"),
        ('"mail"', "VAL500", '"mail"', "queue"),
        ("queue: 3", "VAL501", "3", None),
        ('queue: ""', "VAL501", '""', None),
        ("queue: self.title", "VAL501", "self.title", None),
        ("queue: mail", "VAL501", "mail", 'queue: "mail"'),
        ('priority: "hihg"', "VAL501", '"hihg"', 'did you mean "high"?'),
        ("priority: 101", "VAL501", "101", None),
        ("priority: -1", "VAL501", "-1", None),
        ("priority: true", "VAL501", "true", None),
        ("max_attempts: 0", "VAL501", "0", None),
        ("max_attempts: 1.5", "VAL501", "1.5", None),
        ("weight: 0", "VAL501", "0", None),
        ("weight: self.title", "TYP102", "self.title", None),
        ('backoff: "linar"', "VAL501", '"linar"', 'did you mean "linear"?'),
        ('isolated: true, memory: "much"', "VAL501", '"much"', '"512MB"'),
        ('memory: "512MB"', "VAL503", "memory", "isolated: true"),
        ("timeout: 10", "VAL501", "10", "10.seconds"),
        ("timeout: 0.seconds", "VAL501", "0.seconds", None),
        ("delay: -1.minute", "VAL501", "-1.minute", None),
        ('name: "a b"', "VAL501", '"a b"', None),
        ('name: "x", name: "y"', "VAL502", "name", None),
        ("delay: 1.hour, run_at: Time.now()", "VAL503", "run_at", None),
        ("unique_for: 1.hour", "VAL503", "unique_for", "unique"),
        (
            "key: self.title, ordered: true, key_concurrency: 2",
            "VAL503",
            "key_concurrency",
            "keep one",
        ),
    ],
)
def test_a_bad_option_is_an_error(options: str, code: str, text: str, hint: str | None) -> None:
    _, problems = checked(f"@after create @async({options}) {{ Mail.send() }}")
    assert [(d.code, d.span.text) for d in problems] == [(code, text)]
    if hint is not None:
        assert hint in (problems[0].hint or "")


def test_the_pages_about_options_name_every_option() -> None:
    root = Path(__file__).parents[4]
    page = (root / "conduit_async/explain/VAL/VAL500.md").read_text("utf-8")
    reference = (root / "docs/reference/language/jobs.md").read_text("utf-8")
    rows = [line for line in reference.splitlines() if line.startswith("| `")]
    for name in OPTIONS:
        assert f"`{name}`" in page
        assert any(f"`{name}`" in row.split(" | ")[0] for row in rows)


def test_a_job_type_has_at_most_200_bytes() -> None:
    _, problems = checked(f'@after create @async(name: "{"x" * 190}") {{ Mail.send() }}')
    assert [d.code for d in problems] == ["VAL504"]


@pytest.mark.parametrize(
    ("member", "place"),
    [
        ("@before create { @async { Mail.send() } }", "a `@before create` hook"),
        ("@before create @async { Mail.send() }", "a `@before create` hook"),
        ("@function f() { @async { Mail.send() } }", "a `@function`"),
        ("@computed c: int! { @async { Mail.send() } return 1 }", "a `@computed` field"),
        ("@validate { @async { Mail.send() } }", "a `@validate`"),
    ],
)
def test_async_is_allowed_in_after_hooks_only(member: str, place: str) -> None:
    _, problems = checked(member)
    assert [d.code for d in problems if d.code != "SEM200"] == ["SEM217"]
    assert place in next(d.message for d in problems if d.code == "SEM217")


@pytest.mark.parametrize("member", ["@transaction", "note: text? @transaction"])
def test_transaction_is_allowed_on_hooks_only(member: str) -> None:
    _, problems = checked(member)
    assert "SEM218" in [d.code for d in problems]
