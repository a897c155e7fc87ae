"""The page of a job, over a real server and database."""

import json
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from conduit_dashboard import Access
from conduit_runtime import (
    Discard,
    Job,
    JobContext,
    JobStatus,
    JobType,
    WorkerPool,
    chain,
    job_type,
)
from conduit_runtime.cli import commands
from conduit_runtime.payloads.sensitive import Sensitive
from dashboard_site import Site, serving
from waiting import until


@dataclass(frozen=True)
class Charge:
    """A payload with a sensitive field."""

    order: int
    card: Sensitive[str]
    note: str | None = None
    lines: list[str] = field(default_factory=list)


def charging(fails: str = "") -> JobType[Any, Any]:
    async def charge(job: JobContext[Any], payload: Charge) -> None:
        if fails:
            raise ValueError(f"{fails} {payload.card}")

    kind: JobType[Any, Any] = job_type("charge", "c4a6")(charge)
    return kind


@pytest.fixture
def failed(site: Site) -> Job:
    """A job that failed twice in a worker that knows its type, with a card in its payload."""
    kind = charging("<b>refused</b>")
    job = site.queue.enqueue(kind.job(Charge(7, "ann-s card"), max_attempts=1))
    WorkerPool(site.queue, jobs=[kind]).run(drain=True)
    return job


def test_a_failed_job(site: Site, failed: Job) -> None:
    html = site.html(f"/jobs/{failed.id}")
    assert "&lt;b&gt;refused&lt;/b&gt; [sensitive]" in html
    assert "ann-s card" not in html
    data = site.json(f"/jobs/{failed.id}")
    assert data["payload"] == {"order": 7, "card": "[sensitive]", "note": None, "lines": []}
    rows = {row["path"]: (row["kind"], row["value"], row["state"]) for row in data["fields"]}
    assert rows["order"] == ("int", "7", "")
    assert rows["card"] == ("string", "[sensitive]", "hidden")
    assert rows["note"] == ("string, or nil", "nil", "")
    [attempt] = data["attempts"]
    assert (attempt["number"], attempt["status"]) == (1, "failed")
    assert attempt["worker"]
    assert 0 <= attempt["seconds"] < 30
    assert attempt["error"] == "ValueError: <b>refused</b> [sensitive]"
    assert "in charge" in attempt["traceback"]
    assert "ann-s card" not in str(data)
    may = {"retry": True, "repeat": True, "enqueue": True}
    may |= dict.fromkeys(("cancel", "run_now", "signal"), False)
    assert data["may"] == may
    assert data["waits"] == []


def test_a_job_whose_claim_postgres_refused(site: Site) -> None:
    site.sql("ALTER TABLE jobs ADD CONSTRAINT not_today CHECK (status <> 'running')")
    job = site.queue.enqueue(Job(type="t"))
    assert not site.queue.dequeue("by hand")
    data = site.json(f"/jobs/{job.id}")
    assert data["job"]["status"] == "refused"
    assert "not_today" in data["job"]["error"]
    assert data["reasons"][0] == "Postgres refused its last claim: the error says why."
    assert data["reasons"][1].startswith("A worker tries it again ")
    html = site.html(f"/jobs/{job.id}")
    assert "not_today" in html
    assert "A worker tries it again " in html
    [listed] = site.json("/jobs", status="refused")["jobs"]
    assert (listed["id"], listed["is_refused"]) == (str(job.id), True)


def test_the_attempts_of_a_waiting_job_are_those_that_its_handler_gives_it(site: Site) -> None:
    pool = WorkerPool(site.queue)
    pool.handler("t", max_attempts=5)(lambda context, payload: None)
    pool.run(drain=True)
    hour = timedelta(hours=1)
    job, own = site.queue.enqueue_many(
        [Job(type="t", delay=hour), Job(type="t", delay=hour, max_attempts=2)]
    )
    assert site.json(f"/jobs/{job.id}")["job"]["max_attempts"] == 5
    assert site.json(f"/jobs/{own.id}")["job"]["max_attempts"] == 2
    assert "0 of 5" in site.html(f"/jobs/{job.id}")
    shown = CliRunner().invoke(
        commands, ["jobs", "show", str(job.id), "--dsn", site.queue.dsn, "--format", "json"]
    )
    assert json.loads(shown.output)["max_attempts"] == 5


@dataclass(frozen=True)
class Kept:
    """What a step keeps, with a sensitive value that is not in the payload."""

    receipt: str
    tax: Sensitive[str]


def test_the_steps_of_a_job(site: Site) -> None:
    async def pay(job: JobContext[Any], payload: Charge) -> None:
        if await job.begins("charge"):
            await job.ends(Kept("<r 1>", "918273"))
        if await job.begins("print"):
            await job.ends()
        raise Discard("no")

    kind: JobType[Any, Any] = job_type("pay", "c4a6", steps={"charge": Kept, "print": None})(pay)
    job = site.queue.enqueue(kind.job(Charge(7, "ann-s card")))
    pool = WorkerPool(site.queue, jobs=[kind])

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await job.step("large", str, "x" * 3_000)
        await job.step("too large", token_hex, 100_000)
        raise Discard("no")

    other = site.queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    first, second = site.json(f"/jobs/{job.id}")["steps"]
    assert (first["name"], first["attempt"], second["name"]) == ("charge", 1, "print")
    assert json.loads(first["value"]) == {"receipt": "<r 1>", "tax": "[sensitive]"}
    assert 0 <= first["seconds"] < 60
    assert first["started_at"] < second["started_at"]
    assert second["value"] == "nil"
    html = site.html(f"/jobs/{job.id}")
    assert "&lt;r 1&gt;" in html
    assert "918273" not in html
    large, too_large = site.json(f"/jobs/{other.id}")["steps"]
    assert (large["value"], large["more"]) == ("x" * 2_000, 1_000)
    assert (too_large["value"], too_large["more"]) == ("", 200_002)
    assert "200,002 characters" in site.html(f"/jobs/{other.id}")


def stepping(site: Site, payload: object = None) -> tuple[str, list[str]]:
    """The address of a job that failed behind two steps, and what these have done."""
    pool, done = WorkerPool(site.queue), list[str]()

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        for name in ("one", "<two>"):
            await job.step(name, done.append, name)
        raise Discard("no")

    job = site.queue.enqueue(Job(type="t", payload=payload))
    pool.run(drain=True)
    return f"/jobs/{job.id}", done


def test_a_job_runs_again_from_a_step(site: Site) -> None:
    address, _ = stepping(site)
    html = site.html(address)
    assert f'action="{address}/fork"' in html
    assert 'value="&lt;two&gt;"' in html
    assert site.post(f"{address}/retry", step="x").status_code == 409
    assert site.post(f"{address}/fork", step="x").status_code == 409
    assert site.post(f"{address}/fork", step="").status_code == 400
    response = site.post(f"{address}/fork", step="<two>")
    assert response.status_code == 303
    fork = response.headers["location"].partition("?")[0]
    assert [step["name"] for step in site.json(fork)["steps"]] == ["one"]
    assert site.post(f"{address}/retry", step="<two>").status_code == 303
    assert [step["name"] for step in site.json(address)["steps"]] == ["one"]
    id_, made = (each.rpartition("/")[2] for each in (address, fork))
    assert site.sql("SELECT actor, action, target FROM conduit_audit ORDER BY id") == [
        ("ann", "enqueue", {"job": id_, "step": "<two>", "enqueued": made}),
        ("ann", "retry", {"job": id_, "step": "<two>"}),
    ]


def test_a_visitor_without_the_right_repeats_no_step(site: Site) -> None:
    address, _ = stepping(site)
    site.access = Access.operate("eve", {"cancel"})
    html = site.html(address)
    assert "&lt;two&gt;" in html
    assert "Retry from here" not in html
    for action in ("retry", "fork"):
        assert site.post(f"{address}/{action}", step="one").status_code == 403
    assert [step["name"] for step in site.json(address)["steps"]] == ["one", "<two>"]
    assert site.sql("SELECT * FROM conduit_audit") == []


def test_a_job_that_waits_for_a_signal(site: Site) -> None:
    pool = WorkerPool(site.queue)
    got: list[object] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await job.sleep(0)
        got.append(await job.wait("<approved>", timeout=timedelta(days=7)))
        await job.sleep(timedelta(days=1), "later")

    job = site.queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    address = f"/jobs/{job.id}"
    data = site.json(address)
    [wait] = data["waits"]
    assert (wait["name"], wait["kind"]) == ("<approved>", "signal")
    assert wait["since"] < wait["until"]
    assert data["may"]["signal"]
    html = site.html(address)
    assert "the signal &lt;approved&gt;, until" in html
    assert f'action="{address}/signal"' in html
    assert "No attempt has failed." in html

    def send(value: str, name: str = "<approved>") -> int:
        return int(site.post(f"{address}/signal", name=name, value=value).status_code)

    assert (send("{"), send("1", ""), send("NaN")) == (400, 400, 400)
    assert send('{"by": "ann"}') == 303
    assert send("2") == 409
    assert site.json(address)["waits"] == []
    assert f"{address}/signal" not in site.html(address)
    audited = site.sql("SELECT actor, action, target, count FROM conduit_audit")
    assert audited == [("ann", "signal", {"job": str(job.id), "signal": "<approved>"}, 1)]
    assert f"job {job.id}, signal &lt;approved&gt;" in site.html("/audit")
    pool.run(drain=True)
    assert got == [{"by": "ann"}]
    data = site.json(address)
    assert [(wait["name"], wait["kind"]) for wait in data["waits"]] == [("later", "sleep")]
    assert not data["may"]["signal"]
    assert f"{address}/signal" not in site.html(address)


def test_a_visitor_without_the_right_sends_no_signal(site: Site) -> None:
    job = site.queue.enqueue(Job(type="t"))
    site.sql(
        "INSERT INTO conduit_steps VALUES (%s, 'go', NULL, 1, now(), now() + interval '1 h')",
        job.id,
    )
    site.access = Access.operate("eve", {"retry"})
    assert f"/jobs/{job.id}/signal" not in site.html(f"/jobs/{job.id}")
    assert site.post(f"/jobs/{job.id}/signal", name="go", value="1").status_code == 403
    assert site.sql("SELECT * FROM conduit_signals") == []
    assert site.sql("SELECT * FROM conduit_audit") == []


def test_a_job_that_is_gone_and_an_address_that_is_none(site: Site) -> None:
    for id_, words in ((str(uuid4()), "There is no job"), ("x", "There is no such page")):
        response = site.client.get(f"/jobs/{id_}")
        assert response.status_code == 404
        assert words in response.text


def test_a_payload_that_no_worker_has_described_is_hidden(site: Site) -> None:
    job = site.queue.enqueue(Job(type="charge", payload={"card": "ann-s card"}, fingerprint="c4a6"))
    html = site.html(f"/jobs/{job.id}")
    assert "ann-s card" not in html
    assert "Hidden until a worker that knows this payload has run." in html
    assert site.client.get(f"/jobs/{job.id}/edit").status_code == 409


def test_why_it_waits(site: Site) -> None:
    job = site.queue.enqueue(Job("mail", "t", run_at=None, delay=timedelta(hours=2)))
    site.queue.pause("mail")
    assert site.json(f"/jobs/{job.id}")["reasons"] == [
        "It is due in 120 minutes.",
        "The queue mail is paused.",
    ]
    response = site.post(f"/jobs/{job.id}/run-now")
    assert response.status_code == 303
    site.queue.resume("mail")
    assert site.json(f"/jobs/{job.id}")["reasons"] == ["No live worker serves the queue mail."]
    assert site.post(f"/jobs/{job.id}/run-now").status_code == 409


def test_retry_and_cancel(site: Site, failed: Job) -> None:
    assert site.post(f"/jobs/{failed.id}/retry").status_code == 303
    stored = site.queue.get(failed.id)
    assert stored is not None
    assert (stored.status, stored.attempts) == (JobStatus.PENDING, 0)
    assert site.post(f"/jobs/{failed.id}/cancel").status_code == 303
    again = site.post(f"/jobs/{failed.id}/cancel")
    assert (again.status_code, "It has ended" in again.text) == (409, True)
    audit = site.sql("SELECT action, target, count FROM conduit_audit ORDER BY id")
    assert audit == [("retry", {"job": str(failed.id)}, 1), ("cancel", {"job": str(failed.id)}, 1)]


def test_each_action_needs_its_right(site: Site, failed: Job) -> None:
    for access in (Access.read("bob"), Access.operate("bob", {"pause"})):
        site.access = access
        html = site.html(f"/jobs/{failed.id}")
        assert "Retry" not in html
        assert "Edit and enqueue again" not in html
        for name in ("retry", "cancel", "run-now", "enqueue"):
            assert site.post(f"/jobs/{failed.id}/{name}").status_code == 403
        assert site.client.get(f"/jobs/{failed.id}/edit").status_code == 403
    assert site.sql("SELECT count(*) FROM conduit_audit") == [(0,)]


def test_edit_and_enqueue_again(site: Site, failed: Job) -> None:
    form = site.html(f"/jobs/{failed.id}/edit")
    assert 'name="field.order"' in form
    assert "ann-s card" not in form
    fields = {"field.order": "8", "field.card": "[sensitive]", "field.note": "a\r\nb"}
    response = site.post(f"/jobs/{failed.id}/enqueue", **fields, **{"field.lines": '["x"]'})
    assert response.status_code == 303
    id_ = UUID(response.headers["Location"].partition("?")[0].rpartition("/")[2])
    stored = site.queue.get(id_)
    assert stored is not None
    assert stored.payload == {"order": 8, "card": "ann-s card", "note": "a\nb", "lines": ["x"]}
    assert (stored.type, stored.fingerprint, stored.max_attempts) == ("charge", "c4a6", 1)
    [(action, target)] = site.sql("SELECT action, target FROM conduit_audit")
    assert (action, target) == ("enqueue", {"job": str(failed.id), "enqueued": str(id_)})


def test_a_payload_that_does_not_fit_is_not_enqueued(site: Site, failed: Job) -> None:
    fields = {"field.order": "<x>", "field.card": "9", "field.note": "\0", "field.lines": "[1]"}
    response = site.post(f"/jobs/{failed.id}/enqueue", **fields)
    assert response.status_code == 422
    assert "order: is not of type int" in response.text
    assert 'value="&lt;x&gt;"' in response.text
    fields |= {"field.order": "1", "field.lines": "[]"}
    response = site.post(f"/jobs/{failed.id}/enqueue", **fields)
    assert response.status_code == 422
    assert "U+0000" in response.text
    assert site.queue.stats().pending == 0


def test_a_job_with_a_payload_of_any_shape(site: Site) -> None:
    job = site.queue.enqueue(Job(type="t", payload=["<i>", {"a": 1.5}]))
    assert "&lt;i&gt;" in site.html(f"/jobs/{job.id}")
    assert 'name="payload"' in site.html(f"/jobs/{job.id}/edit")
    response = site.post(f"/jobs/{job.id}/enqueue", payload='{"b": null}')
    id_ = response.headers["Location"].partition("?")[0].rpartition("/")[2]
    stored = site.queue.get(id_)
    assert stored is not None
    assert stored.payload == {"b": None}


def test_children_parents_and_neighbours(site: Site) -> None:
    @job_type("child", "c0")
    async def child(job: JobContext[Any], payload: Charge) -> None: ...

    @job_type("parent", "p0")
    async def parent(job: JobContext[Any], payload: Charge) -> None:
        job.enqueue(child, payload)
        job.enqueue_flow(chain(child.job(payload), child.job(payload)))

    pool = WorkerPool(site.queue, jobs=[parent])
    job = site.queue.enqueue(parent.job(Charge(1, "ann-s card")))
    pool.run(drain=True)
    data = site.json(f"/jobs/{job.id}")
    children = sorted(data["children"]["jobs"], key=lambda each: str(each["status"]))
    assert [each["status"] for each in children] == ["blocked", "pending", "pending"]
    assert "ann-s card" not in str(data)
    blocked = children[0]
    data = site.json(f"/jobs/{blocked['id']}")
    assert data["job"]["status"] == "blocked"
    assert data["job"]["parent"] == str(job.id)
    assert data["reasons"] == ["It waits for 1 job of its flow."]
    [before] = data["neighbours"]["before"]
    after = site.json(f"/jobs/{before['id']}")["neighbours"]["after"]
    assert [each["id"] for each in after] == [blocked["id"]]
    assert str(blocked["flow"]) in site.html(f"/jobs/{blocked['id']}")
    assert site.post(f"/jobs/{blocked['id']}/run-now").status_code == 409
    assert site.post(f"/jobs/{blocked['id']}/cancel").status_code == 303


def test_its_unique_key_and_its_trace(dsn: str) -> None:
    with serving(dsn, trace_url="https://traces.example/trace/{trace_id}") as site:
        trace = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
        headers = {"tenant": "acme & co"}
        job = site.queue.enqueue(Job(type="t", unique="secret value", trace=trace, headers=headers))
        html = site.html(f"/jobs/{job.id}")
        assert 'href="https://traces.example/trace/4bf92f3577b34da6a3ce929d0e0e4736"' in html
        assert "held until the job ends" in html
        assert "secret value" not in html
        bad = site.queue.enqueue(Job(type="t", trace={"traceparent": 'x"><script>'}))
        assert site.json(f"/jobs/{bad.id}")["trace"] is None


def test_progress(site: Site) -> None:
    pool = WorkerPool(site.queue)
    seen = threading.Event()

    @pool.handler("t")
    def work(context: JobContext[Any], payload: object) -> None:
        context.progress(3, 8, "<b>half</b>\u202e")
        seen.wait(300)

    job = site.queue.enqueue(Job(type="t"))
    with pool:
        try:
            until(lambda: (site.queue.get(job.id) or job).progress)
            html = site.html(f"/jobs/{job.id}")
        finally:
            seen.set()
    assert '<progress max="8" value="3">' in html
    assert "&lt;b&gt;half&lt;/b&gt;\\u202e" in html


def test_rows_that_were_typed_by_hand(site: Site) -> None:
    hostile = "<script>alert(1)</script>\u202e'\""
    site.sql(
        "INSERT INTO jobs (type, payload, status, errors, error, started_at, locked_at, progress, "
        "completed_at, run_at, headers) VALUES (%s, to_jsonb(%s::text), 'failed', %s, %s, "
        "'infinity', '-infinity', '[1]', 'infinity', '0001-01-01 00:00 BC', "
        "pg_catalog.jsonb_build_object('trace', 7, %s::text, %s::text))",
        hostile,
        hostile * 5_000,
        '[7, {"error": ["x"], "traceback": "Traceback\\n  File \\"<script>\\", line 1, in f"}]',
        *(hostile, hostile, hostile),
    )
    [(id_,)] = site.sql("SELECT id FROM jobs")
    html = site.html(f"/jobs/{id_}")
    assert "<script>alert" not in html
    assert '<script>"' not in html
    assert "\u202e" not in html
    assert site.json(f"/jobs/{id_}")["job"]["status"] == "failed"


def test_a_job_in_the_middle_of_many_others(site: Site) -> None:
    site.bound(near=3)
    job = site.queue.enqueue(Job(type="t"))
    site.queue.enqueue_many([Job(type="u") for _ in range(3)])
    pool = WorkerPool(site.queue)
    pool.register("t", lambda context, payload: None)
    pool.run(drain=True)
    site.sql("UPDATE jobs SET started_at = created_at WHERE type = 't'")
    assert site.json(f"/jobs/{job.id}")["children"] == {"jobs": [], "is_cut": True}
    assert "some of its own may be missing" in site.html(f"/jobs/{job.id}")


def test_a_payload_that_is_too_large_to_show(site: Site) -> None:
    site.bound(payload=100_000)
    kind = charging("refused")
    card = "ann-s card" + token_hex(100_000)
    payloads = (Charge(7, card), Charge(7, "ann-s card"))
    large, small = site.queue.enqueue_many([kind.job(each, max_attempts=1) for each in payloads])
    WorkerPool(site.queue, jobs=[kind]).run(drain=True)
    progress = '{"done": 1, "total": 2, "note": "ann-s card"}'
    change = "UPDATE jobs SET error = %s, errors = NULL, progress = %s"
    site.sql(change, f"refused {card[:20]}", progress)
    html = site.html(f"/jobs/{large.id}")
    assert "The payload has 200," in html
    assert "ann-s card" not in html
    assert site.json(f"/jobs/{large.id}")["job"]["error"] == "[sensitive]"
    assert site.client.get(f"/jobs/{large.id}/edit").status_code == 409
    assert site.post(f"/jobs/{large.id}/enqueue").status_code == 409
    assert site.json(f"/jobs/{small.id}")["payload_bytes"] is None
