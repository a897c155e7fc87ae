"""What the blog enqueues, and what its jobs do: `pytest` runs these tests."""

from unittest.mock import call

import app
import psycopg
from conduit_runtime.testing import Jobs

from jobs import comment, post, user
from jobs.services import Services

Connection = psycopg.Connection


def test_a_new_user_is_welcomed(jobs: Jobs, conduit_connection: Connection) -> None:
    app.sign_up(conduit_connection, "Ada", "ada@example.com")
    jobs.assert_enqueued(user.email_send, email="ada@example.com", queue="mail")

    jobs.run()

    send = jobs.fakes(Services).email.send
    assert send.calls == [call("ada@example.com", "welcome", name="Ada", locale="en")]
    row = app.fetch(conduit_connection, "SELECT welcomed_at FROM users")
    assert row["welcomed_at"] is not None


def test_publishing_tells_the_author_and_the_world(
    jobs: Jobs, conduit_connection: Connection
) -> None:
    draft = a_draft(conduit_connection)
    with jobs.only() as published:
        app.publish(conduit_connection, draft)

    published.assert_enqueued(post.email_send, slug="on-looms", count=1)
    published.assert_enqueued(post.announce, priority="low")
    published.refute_enqueued(post.reindex)


def test_an_announcement_survives_a_network_that_is_down(
    jobs: Jobs, conduit_connection: Connection
) -> None:
    fakes = jobs.fakes(Services)
    fakes.links.shorten.returns("https://b.log/1")
    fakes.social.post.fails(ConnectionError("the network is down"), times=2)
    app.publish(conduit_connection, a_draft(conduit_connection))

    ran = jobs.run(until=post.announce, raises=False)

    assert [run.outcome for run in ran.of(post.announce)] == ["retried", "retried", "completed"]
    assert fakes.social.post.calls[-1] == call("On looms https://b.log/1", tags=[])


def test_spam_is_kept_from_the_author(jobs: Jobs, conduit_connection: Connection) -> None:
    draft = a_draft(conduit_connection)
    jobs.run()
    for body in ("A fair summary.", "BUY MY ENGINES"):
        app.remark(conduit_connection, draft, "Charles", body)

    ran = jobs.run(services=app.Services())

    assert len(ran.of(comment.moderation_check)) == 2
    assert [run.payload["body"] for run in ran.of(comment.email_send)] == ["A fair summary."]


def test_nothing_is_enqueued_when_the_transaction_is_rolled_back(jobs: Jobs) -> None:
    with psycopg.connect(jobs.dsn) as conn:
        app.sign_up(conn, "Nobody", "nobody@example.com")
        conn.rollback()
    jobs.refute_enqueued()


def a_draft(conn: Connection) -> post.Post:
    ada = app.sign_up(conn, "Ada", "ada@example.com")
    return app.write(conn, ada, "On looms", "They weave flowers and leaves.")
