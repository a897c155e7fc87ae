"""The effect on a verdict of an upcaster that is written by hand, or still missing."""

from changed import package

from conduit_async.breaking.finding import Finding
from conduit_async.config import Config
from conduit_async.deploy import find_breaking
from conduit_async.lock.text import LOCK_FILE, read
from conduit_async.source import Source

POST = """
resource Post {
  id: uuid! @primary
  %s
  @after create @async(name: "mail") { Email.send(%s) }
}
"""
OLD = POST % ("title: string!\n  body: string!", "self.title")
NEW = POST % ("title: string!\n  body: string!", "self.body")
UPCASTER = """
from conduit_runtime import upcast
from app.jobs.post import Mail, Mail_{0}, mail

@upcast(mail, "{0}")
def _(old: Mail_{0}) -> Mail:
    return Mail(body="")
"""


def found(new: str, config: Config, upcasters: str | None = None) -> tuple[Finding, ...]:
    lock = package(OLD)[LOCK_FILE]
    shape = read(lock).jobs["post.after_create.mail"].shape
    module = Source("app/upcasters.py", upcasters.format(shape)) if upcasters is not None else None
    diagnostics, findings = find_breaking({"post.conduit": new}, read(lock), config, lock, module)
    assert not diagnostics
    return findings


def test_the_skeleton_is_shown_once() -> None:
    findings = found(NEW, Config(out="app/jobs"))
    assert [(each.code, each.verdict) for each in findings] == [
        ("BRK101", "workers-first"),
        ("BRK102", "web-first"),
        ("BRK110", "never"),
    ]
    assert "@was" not in (findings[1].hint or "")  # the post still has a title
    hint = findings[2].hint
    assert hint is not None
    advice, _, skeleton = hint.partition(":\n\n")
    assert (
        advice == "name a module as `upcasters` in the configuration, and write there an upcaster"
    )
    assert "\nfrom app.jobs.post import Mail, " in skeleton
    assert "        body=...,  # is missing in older payloads, and never nil\n" in skeleton


def test_a_module_without_the_upcaster_is_named() -> None:
    config = Config(out="app/jobs", upcasters="app.upcasters")
    (finding,) = (each for each in found(NEW, config, "") if each.verdict == "never")
    assert finding.hint is not None
    assert finding.hint.startswith("write an upcaster in app.upcasters:\n\nfrom ")


def test_an_upcaster_reads_the_jobs_that_wait() -> None:
    config = Config(out="app/jobs", upcasters="app.upcasters")
    findings = found(NEW, config, UPCASTER)
    assert [(each.code, each.verdict) for each in findings] == [
        ("BRK101", "workers-first"),
        ("BRK102", "either"),
    ]
