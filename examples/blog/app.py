"""A blog around the jobs that `conduitc gen` makes of `resources/`.

    pip install 'conduit-async[embedded]'
    export DATABASE_URL=$(conduit-jobs dsn)         # or a server of yours
    conduitc gen                                    # resources/*.conduit become the package jobs/
    conduit-jobs migrate                            # the queue's own tables
    python app.py                                   # the blog's tables, a few rows, and their jobs
    conduit-jobs worker jobs --services app:Services

`conduit-jobs demo` does the last four, on a Postgres of its own. The extra `test` runs the tests:
`python -m pytest`.
"""

import os
from itertools import count
from types import SimpleNamespace
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from jobs import comment, post, user
from jobs.records import PostSnapshot

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  email text NOT NULL UNIQUE,
  role text NOT NULL DEFAULT 'reader',
  settings jsonb NOT NULL DEFAULT '{"locale": "en", "newsletter": true}',
  welcomed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS posts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  title text NOT NULL,
  slug text NOT NULL UNIQUE,
  body text NOT NULL,
  status text NOT NULL DEFAULT 'draft',
  tags text[] NOT NULL DEFAULT '{}',
  preview jsonb NOT NULL DEFAULT '{"title": null, "description": null}',
  published_at timestamptz,
  announced_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  author_id uuid NOT NULL REFERENCES users
);
CREATE TABLE IF NOT EXISTS comments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  body text NOT NULL,
  guest_name text,
  state text NOT NULL DEFAULT 'pending',
  spam_score double precision,
  created_at timestamptz NOT NULL DEFAULT now(),
  post_id uuid NOT NULL REFERENCES posts ON DELETE CASCADE,
  author_id uuid REFERENCES users ON DELETE SET NULL
);
"""


class Services:
    """What the jobs call. Methods may be plain functions or coroutine functions."""

    def __init__(self) -> None:
        self.email = Email()
        self.links = Links()
        self.moderation = Moderation()
        self.search_index = SearchIndex()
        self.social = Social()


class Email:
    """Stands for a mail server."""

    def send(self, to: str, template: str, /, **values: object) -> None:
        print(f"Email.send to {to}: {template} {values}", flush=True)


class SearchIndex:
    """Stands for a search engine, with a client that is async."""

    async def add(self, post: PostSnapshot, /) -> None:
        print(f"SearchIndex.add {post.title!r}", flush=True)

    async def update(self, post_id: UUID, /, **values: object) -> None:
        print(f"SearchIndex.update {values['title']!r}", flush=True)

    async def remove(self, post_id: UUID, /) -> None:
        print(f"SearchIndex.remove {post_id}", flush=True)


class Moderation:
    """Calls spam what shouts."""

    def check(self, text: str, /) -> SimpleNamespace:
        score = sum(letter.isupper() for letter in text) / len(text)
        return SimpleNamespace(score=round(score, 2), spam=score > 0.5)


class Links:
    """Shortens links, one day."""

    def shorten(self, path: str, /) -> str:
        raise ConnectionError("the link shortener does not answer")


class Social:
    """A network that is down at the first call, so that the job around it is tried again."""

    def __init__(self) -> None:
        self.calls = count(1)

    def post(self, text: str, /, *, tags: list[str]) -> None:
        if next(self.calls) == 1:
            raise ConnectionError("the network is down")
        print(f"Social.post {text!r} {tags}", flush=True)


def sign_up(conn: psycopg.Connection, name: str, email: str) -> user.User:
    """Add a user. The row and its jobs are there together, or not at all."""
    row = fetch(conn, "INSERT INTO users (name, email) VALUES (%s, %s) RETURNING *", name, email)
    return user.after_create(conn, row)


def write(conn: psycopg.Connection, author: user.User, title: str, body: str) -> post.Post:
    """Add a draft."""
    slug = "-".join(title.lower().split())
    row = fetch(
        conn,
        "INSERT INTO posts (title, slug, body, author_id) VALUES (%s, %s, %s, %s) RETURNING *",
        title,
        slug,
        body,
        author.id,
    )
    return post.after_create(conn, row)


def publish(conn: psycopg.Connection, draft: post.Post) -> post.Post:
    """Publish a draft; an update's hook wants the row before and after."""
    before = fetch(conn, "SELECT * FROM posts WHERE id = %s FOR UPDATE", draft.id)
    after = fetch(conn, "UPDATE posts SET status = 'published' WHERE id = %s RETURNING *", draft.id)
    return post.after_update(conn, after, before)


def remark(conn: psycopg.Connection, on: post.Post, guest: str, body: str) -> comment.Comment:
    """Add a guest's comment."""
    row = fetch(
        conn,
        "INSERT INTO comments (post_id, guest_name, body) VALUES (%s, %s, %s) RETURNING *",
        on.id,
        guest,
        body,
    )
    return comment.after_create(conn, row)


def fetch(conn: psycopg.Connection, sql: str, *values: object) -> dict[str, object]:
    """Run a statement that gives one row."""
    row = conn.cursor(row_factory=dict_row).execute(sql, values).fetchone()
    if row is None:
        raise LookupError(sql)
    return row


def main(dsn: str) -> None:
    """Make the tables, then a user, a post and two comments, each in a transaction."""
    with psycopg.connect(dsn) as conn:
        conn.execute(SCHEMA)
        conn.commit()

        ada = sign_up(conn, "Ada", "ada@example.com")
        draft = write(
            conn, ada, "Notes on the engine", "It weaves algebra as a loom weaves flowers."
        )
        conn.commit()

        article = publish(conn, draft)
        conn.commit()

        remark(conn, article, "Charles", "A fair summary of the matter.")
        remark(conn, article, "Mallory", "BUY MY ENGINES NOW")
        conn.commit()

        sign_up(conn, "Nobody", "nobody@example.com")
        conn.rollback()  # neither the user nor the welcome mail


if __name__ == "__main__":
    main(os.environ.get("CONDUIT_DATABASE_URL") or os.environ["DATABASE_URL"])
