import json
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from conduit_runtime import (
    GeneratedCodeError,
    JobContext,
    JobType,
    PayloadError,
    generated_by,
    job_type,
)
from conduit_runtime.model.attempts.retry import RetryPolicy
from conduit_runtime.model.package import location, source_line
from example_jobs.order import EmailSend, Release, email_send, release


def test_what_a_job_type_says_of_itself() -> None:
    assert isinstance(email_send, JobType)
    assert (email_send.name, email_send.fingerprint) == (
        "order.after_update.email_send",
        "5c1f0a97",
    )
    assert (email_send.queue, email_send.priority, email_send.max_attempts) == ("mail", 75, 3)
    assert email_send.payload is EmailSend
    assert release.decode('{"item_sku": "a", "item_quantity": 2}') == Release("a", 2)
    assert release.schema is None
    assert release.source is None
    assert repr(release) == "<JobType order.after_update.release>"


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


async def nothing(job: JobContext[Any], payload: Nothing) -> None:
    """Do nothing."""


def test_options_of_a_job_type_reach_its_jobs() -> None:
    base = timedelta(seconds=5)
    quick = job_type("a.b.c", "0", priority=7, timeout=base, backoff="linear", base=base)(nothing)
    assert (quick.rules.policy, quick.__doc__) == (RetryPolicy("linear", 5.0), "Do nothing.")
    assert quick.services == {}
    job = quick.job(Nothing())
    assert (job.priority, job.timeout, job.payload, job.queue) == (7, 5.0, {}, "default")
    job = quick.job(Nothing(), unique=("a", 1), unique_for=base)
    assert (job.unique, job.unique_for) == (("a", 1), base)
    short = job_type("a.b.c", "0", expires=base)(nothing)
    assert short.job(Nothing()).expires == base
    assert short.job(Nothing(), expires=2 * base).expires == 2 * base
    with pytest.raises(TypeError, match="expires is 5: use a timedelta"):
        job_type("a.b.c", "0", expires=5)(nothing)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not a priority"):
        job_type("a.b.c", "0", priority="hgih")(nothing)  # type: ignore[arg-type]


def test_a_plain_function_is_refused_where_it_is_decorated() -> None:
    def plain(job: JobContext[Any], payload: Nothing) -> None: ...

    with pytest.raises(TypeError, match=r"the handler of a\.b\.c is not a coroutine function"):
        job_type("a.b.c", "0")(plain)  # type: ignore[arg-type]


PACKAGE = {
    "__init__.py": """\
from conduit_runtime import generated_by
generated_by(VERSION, schema='app')
""",
    "_lines.py": (
        'LINES = {"order": ("orders/order.conduit", {7: 31, 9: 33, 14: "user.conduit:4"})}\n'
    ),
    "order.py": """\
from dataclasses import dataclass
from conduit_runtime import JobContext, job_type
@dataclass
class Empty:
    pass

@job_type("order.after_create.job", "0")
async def run(job: JobContext, payload: Empty) -> None:
    value = (
        1 /
        payload.zero
    )

def helper() -> None:
    raise LookupError("no")
""",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a generated package that can be imported."""
    name = f"generated_{uuid4().hex}"
    (tmp_path / name).mkdir()
    for file, text in PACKAGE.items():
        (tmp_path / name / file).write_text(text.replace("VERSION", "'0.1.0'"))
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_lines_lead_back_to_the_source(package: str) -> None:
    module = __import__(f"{package}.order", fromlist=["run"])
    assert module.run.source == "orders/order.conduit:31"
    assert module.run.schema == "app"
    coroutine = module.run(None, None)
    with pytest.raises(AttributeError) as caught:
        coroutine.send(None)
    assert location(caught.value) == "orders/order.conduit:33"
    with pytest.raises(LookupError) as caught_too:
        module.helper()
    assert location(caught_too.value) == "user.conduit:4"
    assert source_line(f"{package}.order", 3) == "orders/order.conduit"
    assert source_line(f"{package}.other", 3) is None
    assert location(ValueError()) is None
    sys.modules.pop(f"{package}.order")


@pytest.mark.parametrize("version", ["0.2.0", "1.0.0", "", "odd"])
def test_a_package_of_another_generation_is_refused(version: str) -> None:
    with pytest.raises(GeneratedCodeError, match=r"conduitc gen"):
        generated_by(version)


def test_a_job_has_an_id_before_it_is_stored() -> None:
    assert isinstance(release.job(Release("a", 1)).id, UUID)


@dataclass(frozen=True, slots=True)
class Declared:
    n: int
    labels: dict[str, list[str]]
    at: datetime | None


@job_type("a.b.declared", "0")
async def declared(job: JobContext[Any], payload: Declared) -> None: ...


@pytest.mark.parametrize(
    ("values", "path"),
    [
        (("zz", {}, None), "payload.n: expected an int"),
        ((None, {}, None), "payload.n: expected an int"),
        ((2.5, {}, None), "payload.n: expected an int"),
        ((1, {"secret": ["a", 2]}, None), "payload.labels.…[1]: expected a string"),
        ((1, {}, "soon"), "payload.at: expected a timestamp"),
    ],
)
def test_a_payload_that_the_job_type_cannot_read_is_refused(values: Any, path: str) -> None:
    with pytest.raises(PayloadError, match=re.escape(path)):
        declared.job(Declared(*values))


def test_what_reads_back_as_the_declared_type_is_stored() -> None:
    at = datetime(2024, 2, 29, tzinfo=UTC)
    for payload in (Declared(1, {"a": ["b"]}, at), Declared(True + 1, {}, None)):
        assert declared.decode(json.dumps(declared.job(payload).payload)) == payload
