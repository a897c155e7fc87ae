"""What changed steps mean for jobs that were stopped behind a step.

`tests/deploys` runs such jobs.
"""

import json
from dataclasses import replace

import pytest
from changed import findings

from conduit_async.breaking.finding import Finding
from conduit_async.compiler import compile
from conduit_async.deploy import find_breaking
from conduit_async.lock.changes import lock_changes
from conduit_async.lock.text import LOCK_FILE, read, write

POST = """
resource Post {
  id: uuid! @primary
  title: string!
  size: int!
  @after create @async(name: "go") { let all = [self.title, self.size]  %s }
}
"""
OLD = "let bill = Bill.charge(self.title)  Mail.send(bill.url)  Sms.send(self.title)"
WAIT = "jobs that were stopped behind %s wait until the old code finishes them"


def compared(old: str, new: str) -> list[Finding]:
    found = findings(POST % old, POST % new)
    return [each for each in found if each.code in ("BRK126", "BRK127")]


@pytest.mark.parametrize(
    ("new", "message", "hint"),
    [
        (
            f"Log.write(self.title)  {OLD}",
            "`log.write` comes before `bill.charge` now",
            WAIT % "`bill.charge` or `mail.send`",
        ),
        (
            OLD.replace("Mail.send(bill.url)", "Fax.send(bill.url)"),
            "`mail.send` is called `fax.send` now (if it is the same, say so: "
            '`@async(steps_were: { "fax.send": "mail.send" })`)',
            f"{WAIT % '`mail.send`'}, those behind `bill.charge` go on",
        ),
        (
            "let bill = Bill.charge(self.title)  Sms.send(bill.url)",
            "`mail.send` is gone",
            f"{WAIT % '`mail.send`'}, those behind `bill.charge` go on",
        ),
        (
            "let bill = Bill.charge(self.title)  Mail.send(bill.url)",
            "`mail.send` has no record now, since no effect follows it",
            f"{WAIT % '`mail.send`'}, those behind `bill.charge` go on",
        ),
        (
            "let bill = Bill.charge(self.title)  if self.size > 1 { Mail.send(bill.url) }  "
            "Sms.send(self.title)",
            "other conditions lead to `mail.send`",
            "jobs that were stopped behind `mail.send` may wait, which depends on the branches "
            "and the turns that they take, those behind `bill.charge` go on",
        ),
    ],
)
def test_the_finding_says_behind_which_steps_jobs_wait(new: str, message: str, hint: str) -> None:
    (found,) = compared(OLD, new)
    assert (found.code, found.verdict) == ("BRK126", "drain-first")
    assert found.message == f"its steps changed: {message}"
    assert found.hint == hint


def test_another_kept_value_is_a_finding() -> None:
    (found,) = compared(OLD, OLD.replace("bill.url", "bill.number"))
    assert (found.code, found.verdict) == ("BRK127", "drain-first")
    assert found.message == (
        "what the step `bill.charge` keeps changed: the code below it uses `bill.number` now"
    )
    assert found.hint == WAIT % "`bill.charge` or `mail.send`"


NESTED = "Mail.send(Bill.charge(self.title).url)  Sms.send(self.title)"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, OLD),
        (OLD, f"{OLD}  Log.write(self.title)"),
        (OLD, f"let x = 1  {OLD}"),
        (NESTED, OLD.replace("bill", "charge")),
        (OLD.replace("bill", "charge"), NESTED),
    ],
)
def test_jobs_go_on_behind_any_step(old: str, new: str) -> None:
    assert not compared(old, new)


@pytest.mark.parametrize("new", [OLD, NESTED])
def test_a_call_in_front_is_found_within_a_statement_too(new: str) -> None:
    (found,) = compared("Mail.send(self.title)  Sms.send(self.title)", new)
    assert found.message == "its steps changed: `bill.charge` comes before `mail.send` now"


def test_a_statement_that_was_one_step_keeps_its_name() -> None:
    source = {"post.conduit": POST % "Bill.charge(Bill.charge(1))  Sms.send(1)"}
    lock = read(compile(source).files[LOCK_FILE])
    job = lock.jobs["post.after_create.go"]
    _, outer, last = job.steps or ()
    old = replace(job, steps=(replace(outer, name="bill.charge"), last))
    known = write(replace(lock, jobs={"post.after_create.go": old}))
    steps = read(compile(source, lock=known).files[LOCK_FILE]).jobs["post.after_create.go"].steps
    names = [each.name for each in steps or ()]
    assert names == ["bill.charge#2", "bill.charge", "sms.send"]


def test_a_lock_without_steps_is_compared_without_them() -> None:
    lock = compile({"post.conduit": POST % OLD}).files[LOCK_FILE]
    content = json.loads(lock)
    del content["jobs"]["post.after_create.go"]["steps"]
    assert read(json.dumps(content)).jobs["post.after_create.go"].steps is None


def test_the_lock_has_the_steps_of_a_block() -> None:
    text = compile({"post.conduit": POST % OLD}).files[LOCK_FILE]
    lock = read(text)
    assert write(lock) == text
    job = lock.jobs["post.after_create.go"]
    assert job.steps is not None
    kept = {each.name: None if each.kept is None else [*each.kept] for each in job.steps}
    assert kept == {"bill.charge": ["bill.url"], "mail.send": [], "sms.send": None}
    other = replace(lock, jobs={"post.after_create.go": replace(job, steps=job.steps[:1])})
    (line,) = lock_changes(lock, other)
    assert line.endswith(": steps bill.charge (bill.url), mail.send -> bill.charge (bill.url)")


MAILS = 'Mail.send("one", self.title)  Mail.send("two", self.title)  Sms.send(self.title)'


@pytest.mark.parametrize(
    ("new", "names"),
    [
        (MAILS, ["mail.send", "mail.send#2", "sms.send"]),
        (f'Mail.send("new", self.title)  {MAILS}', ["#3", "mail.send", "mail.send#2", "sms.send"]),
        (MAILS.replace('"two"', '"other"'), ["mail.send", "mail.send#2", "sms.send"]),
        (MAILS.replace('Mail.send("one", self.title)', ""), ["mail.send#2", "sms.send"]),
    ],
)
def test_steps_of_the_same_work_keep_their_names(new: str, names: list[str]) -> None:
    lock = compile({"post.conduit": POST % MAILS}).files[LOCK_FILE]
    job = read(compile({"post.conduit": POST % new}, lock=lock).files[LOCK_FILE]).jobs
    steps = job["post.after_create.go"].steps
    assert steps is not None
    assert [each.name for each in steps] == [
        f"mail.send{name}" if name.startswith("#") else name for name in names
    ]


def test_a_block_that_had_steps_still_looks_for_their_records() -> None:
    lock = compile({"post.conduit": POST % OLD}).files[LOCK_FILE]
    one = POST % "Mail.send(self.title)"
    assert "steps={}" in compile({"post.conduit": one}, lock=lock).files["post.py"]
    assert "steps" not in compile({"post.conduit": one}).files["post.py"]


def test_a_wait_is_no_step_of_the_same_name() -> None:
    step, wait = 'self.title = "x"  Sms.send(1)', 'Job.wait("title", timeout: 1.day)  Sms.send(1)'
    lock = compile({"post.conduit": POST % step}).files[LOCK_FILE]
    (refused,) = compile({"post.conduit": POST % wait}, lock=lock).diagnostics
    assert refused.code == "ASY914"
    own = compile({"post.conduit": POST % wait}).files[LOCK_FILE]  # of code between the two
    _, all_found = find_breaking({"post.conduit": POST % wait}, read(lock), lock=own)
    (found,) = [each for each in all_found if each.code in ("BRK126", "BRK127")]
    assert (found.code, found.verdict) == ("BRK127", "drain-first")
    assert found.message.endswith(": it was a step without a pause, and is a wait")
    lock = compile({"post.conduit": POST % wait}).files[LOCK_FILE]
    assert '"pause": "wait"' in lock
    assert write(read(lock)) == lock
    steps = (
        read(compile({"post.conduit": POST % step}, lock=lock).files[LOCK_FILE])
        .jobs["post.after_create.go"]
        .steps
    )
    assert steps is not None
    assert [each.name for each in steps] == ["title#2", "sms.send"]
