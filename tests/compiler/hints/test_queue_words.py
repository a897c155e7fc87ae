"""Words of other job queues: the hint names the equivalent here, and compiles when pasted."""

import re

import pytest

from conduit_async.compiler import diagnose
from conduit_async.diagnostics import Diagnostic

POST = """resource Post {{
  id: uuid! @primary
  title: string!
  {member}
  @after create {{
    {hook}
    @async(name: "mail"{option}) {{
      {job}
      Logger.info(self.title)
    }}
  }}
}}
"""
BLOCK = re.compile(r"`(@async[^`]*\{ … \})`")


def reported(**places: str) -> tuple[Diagnostic, ...]:
    parts = {"member": "", "hook": "", "option": "", "job": ""} | places
    return diagnose({"post.conduit": POST.format(**parts)})


def hint_of(**places: str) -> str:
    (found,) = reported(**places)
    assert found.hint is not None, found.message
    for block in BLOCK.findall(found.hint):
        mended = block.replace("…", "Email.send(self.title)")
        assert not [d for d in reported(hook=mended) if d.severity == "error"], mended
    return found.hint


@pytest.mark.parametrize(
    "member",
    [
        '@cron("0 3 * * *") @async { Email.send(1) }',
        '@cron("0 3 * * *") { Email.send(1) }',
        '@cron "0 3 * * *" { Email.send(1) }',
        "@schedule(every: 1.hour) @async { Email.send(1) }",
        "@every 1.hour @async { Email.send(1) }",
        "@daily @async { Email.send(1) }",
        '@schedule("0 3 * * *") cleanup { Email.send(1) }',
        "@periodic { Email.send(1) }",
        '@after update @cron("0 3 * * *") @async { Email.send(1) }',
        'cron "0 3 * * *" { Email.send(1) }',
        "every 1.hour { Email.send(1) }",
    ],
)
def test_what_runs_by_the_clock(member: str) -> None:
    hint = hint_of(member=member)
    assert "`Schedule`" in hint
    assert "--schedules" in hint


@pytest.mark.parametrize(
    ("member", "hint"),
    [
        ("@after commit { Email.send(1) }", "after its commit"),
        ("@after_commit { Email.send(1) }", "after its commit"),
        ("@after destroy { Email.send(1) }", "did you mean `delete`?"),
        ("@after insert { Email.send(1) }", "did you mean `create`?"),
        ("@after modify { Email.send(1) }", "did you mean `update`?"),
        ("@after update(:title) @async { Email.send(1) }", "self.field_changed?"),
        ("@after update @delay(5.minutes) @async { Email.send(1) }", "@async(delay: 10.minutes)"),
        ('@after update @queue("mail") @async { Email.send(1) }', '@async(queue: "mail")'),
        ("@on_failure @async { Email.send(1) }", "--on-failed"),
        ("@retry(3)", "max_attempts"),
        ("@worker { Email.send(1) }", "`@async { … }`"),
        ("@async { Email.send(1) }", "`@after create @async { … }`"),
    ],
)
def test_members(member: str, hint: str) -> None:
    assert hint in hint_of(member=member)


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("wait: 5.minutes", "`delay: 10.minutes`"),
        ("countdown: 5", "`delay`"),
        ("eta: Time.now()", "`run_at`"),
        ("retries: 3", "`max_attempts`"),
        ("retry_in: 5", "`base`"),
        ("time_limit: 5", "`timeout`"),
        ('cron: "0 3 * * *"', "--schedules"),
        ("every: 1.hour", "--schedules"),
        ("unique_key: self.id", "`unique`"),
        ("tenant: self.id", "`key`"),
        ('queue_as: "mail"', "`queue`"),
        ("on_failed: 1", "--on-failed"),
        ("on_failure: 1", "`ordered: true"),
        ("throttle: 5", "`rate_limit`"),
    ],
)
def test_options(option: str, hint: str) -> None:
    assert hint in hint_of(option=f", {option}")


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("Time.sleep(5)", "@async(delay: 10.minutes)"),
        ("Time.wait(5)", "@async(delay: 10.minutes)"),
        ("sleep(5)", "@async(delay: 10.minutes)"),
        ("self.delay(5)", "@async(delay: 10.minutes)"),
        ("Context.attempt", "current_job()"),
        ("Context.attempt()", "current_job()"),
        ("self.attempt", "current_job()"),
        ("Email.send(attempt)", "current_job()"),
        ("Email.send(job.id)", "current_job()"),
        ("Email.send(job_id)", "current_job()"),
        ("Context.idempotency_key", "current_call().key"),
        ("retry_in(5.minutes)", "`Retry`"),
        ("snooze(5.minutes)", "`Snooze`"),
        ('discard("old")', "`Discard`"),
        ("retry()", "max_attempts"),
        ("perform_later(1)", "`@async { … }`"),
        ("self.perform_async(1)", "`@async { … }`"),
        ("Post.perform_later(1)", "`@async { … }`"),
        ("Mailer.deliver_later(1)", "`@async { … }`"),
        ("enqueue_at(1)", "`@async { … }`"),
        ("schedule(5)", "--schedules"),
        ("Email.send(Time.tomorrow())", "`Time.today() + 1.day`"),
        ("Context.user", "`Context.current_user`"),
    ],
)
def test_statements(statement: str, hint: str) -> None:
    assert hint in hint_of(job=statement)


def test_what_is_declared_comes_first() -> None:
    (found,) = reported(member="attempts: int!", job="self.attempt = 1")
    assert found.hint == "did you mean `attempts`?"
