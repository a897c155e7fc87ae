"""Each job captures exactly the values from outside that its block uses."""

import pytest

from conduit_async.check import check
from conduit_async.config import Config
from conduit_async.diagnostics import Problems
from conduit_async.parse import parse
from conduit_async.program import JobInfo
from conduit_async.source import Source

RESOURCES = """
resource Post {
  id: uuid! @primary @auto
  title: string!
  note: text?
  from: string!
  secret: string!
  views: int!
  state: enum ["draft", "live"]!
  place: { city: string! country: string(2)! @default("DE") }!
  spot: { x: int! }?
  edited_at: timestamp?
  author: User! { foreign_key: "author_id" }
  editor: User?
  @has_many Comment as "comments" { foreign_key: "post_id" }
  @function headline(mark: string) -> string { return "#{mark} #{self.title} #{where()}" }
  @function where() -> string { return self.place.city }
  @computed long: bool! { return self.views > 10 }
  %s
}
resource User { id: uuid! @primary name: string! email: email! }
resource Comment { id: int! @primary text: string! post: Post! { foreign_key: "post_id" } }
"""


def jobs(hook: str, **config: object) -> tuple[list[JobInfo], list[str]]:
    problems = Problems()
    files = [parse(Source("post.conduit", RESOURCES % hook), problems)]
    program = check(files, Config(**config), problems)  # type: ignore[arg-type]
    found = [f"{d.code} {d.span.text}" for d in problems.sorted()]
    if program is None:
        return [], found
    hooks = program.resources["Post"].hooks
    return [job for hook in hooks for job in hook.jobs], found


def fields(hook: str, event: str = "update") -> list[str]:
    found, problems = jobs(f"@after {event} {{ {hook} }}")
    assert not [each for each in problems if not each.startswith(("PAT", "ASY910"))]
    return [f"{c.name}: {c.type}" for c in found[0].captures]


@pytest.mark.parametrize(
    ("block", "captured"),
    [
        ("Mail.send()", []),
        ("Mail.send(self.title, self.title, to: self.note)", ["title: string", "note: string?"]),
        ("Mail.send(self.note, self.title)", ["title: string", "note: string?"]),
        ("Mail.send(self.place.country)", ["place_country: string"]),
        ("Mail.send(self.place)", ["place: PostPlace"]),
        ("Mail.send(self.place, self.place.city)", ["place: PostPlace"]),
        ("Mail.send(self.spot?.x)", ["spot_x: int?"]),
        ("Mail.send(self.from)", ["from: string"]),
        ("Mail.send(self)", ["post: Post"]),
        ("Mail.send(self, self.title)", ["title: string", "post: Post"]),
        ("Mail.send(self.author.email)", ["author_id: uuid"]),
        ("Mail.send(self.author)", ["author_id: uuid"]),
        ("Mail.send(self.author_id)", ["author_id: uuid"]),
        ("Mail.send(self.editor?.email)", ["editor_id: uuid?"]),
        ("Mail.send(self.title.upcase())", ["title: string"]),
        ("Mail.send(String.upcase(self.title))", ["title: string"]),
        ('Mail.send("#{self.title}!")', ["title: string"]),
        ("Mail.send([self.title], { a: self.views })", ["title: string", "views: int"]),
        ("self.edited_at = Time.now()", ["id: uuid"]),
        ("self.title = self.from", ["id: uuid", "from: string"]),
        ('self.place.city = "Ulm"', ["id: uuid"]),
        ("let t = self.title Mail.send(t)", ["title: string"]),
        ("Mail.send(self.long)", ["views: int"]),
        ("Mail.send(headline(self.from))", ["title: string", "from: string", "place_city: string"]),
        ("Mail.send() rescue |e| { Logger.warn(self.title, error: e) }", ["title: string"]),
        ("Mail.send(self.title_changed?)", ["title_changed: bool"]),
        ("Mail.send(self.previous_value(:state))", ["previous_state: enum [draft, live]"]),
        (
            'Mail.send(self.state_changed_to?("live"))',
            ["state: enum [draft, live]", "state_changed: bool"],
        ),
        (
            'Mail.send(self.state_changed_from?("live"))',
            ["state_changed: bool", "previous_state: enum [draft, live]"],
        ),
    ],
)
def test_a_block_captures_exactly_what_it_uses(block: str, captured: list[str]) -> None:
    assert fields(f"@async {{ {block} }}") == captured


@pytest.mark.parametrize(
    ("hook", "captured"),
    [
        ("let was = self.previous_value(:state) @async { Mail.send(was) }", "was: enum"),
        ("let n = self.views + 1 @async { Mail.send(n) }", "n: int"),
        ("let title = 1 @async { Mail.send(title) }", "title: int"),
    ],
)
def test_a_local_is_captured_by_its_name(hook: str, captured: str) -> None:
    (found,) = fields(hook)
    assert found.startswith(captured)


def test_a_local_that_meets_a_field_gives_way() -> None:
    hook = "let title = 1 @async { Mail.send(title, self.title) }"
    assert fields(hook) == ["title: string", "title_: int"]


def test_on_create_a_previous_value_may_be_nil() -> None:
    hook = "@async { Mail.send(self.previous_value(:views)) }"
    assert fields(hook, "create") == ["previous_views: int?"]


def test_a_rescued_error_is_captured_as_its_message_and_type() -> None:
    hook = "Mail.ping() rescue |err| { @async { Mail.send(err, err.message) } }"
    assert fields(hook) == ["err_message: string", "err_type: string"]


def test_a_local_record_is_captured_by_its_fields() -> None:
    hook = "let user = self.author @async { Mail.send(user.email, user.name) }"
    assert fields(hook) == ["user_name: string", "user_email: string"]
    assert fields("let user = self.author @async { Mail.send(user) }") == ["user: User"]
    hook = "let user = self.author @async { Mail.send(user.name, user) }"
    assert fields(hook) == ["user: User"]


def test_an_outer_job_captures_what_its_child_jobs_need_except_its_own_locals() -> None:
    hook = """
    let outer = self.views
    @async {
      let own = self.title
      Mail.send(own)
      @async { Mail.tell(own, outer, self.note) }
    }
    """
    found, problems = jobs(f"@after update {{ {hook} }}")
    assert not problems
    assert [[c.name for c in job.captures] for job in found] == [
        ["title", "note", "outer"],
        ["note", "outer", "own"],
    ]


def test_to_many_relations_need_the_primary_key() -> None:
    assert fields("@async { for c in self.comments { Logger.info(c.text) } }") == ["id: uuid"]


@pytest.mark.parametrize(
    ("hook", "text"),
    [("let q = Comment.where(post_id: self.id) @async { Mail.send(q.count) }", "q")],
)
def test_a_query_cannot_be_captured(hook: str, text: str) -> None:
    _, problems = jobs(f"@after update {{ {hook} }}")
    assert problems == [f"ASY903 {text}"]


def test_a_sensitive_field_is_warned_about_where_it_is_named() -> None:
    hook = "@after update { @async { Mail.send(self, self.secret) } }"
    found, problems = jobs(hook, sensitive=("Post.secret",))
    assert problems == ["ASY902 self.secret"]
    assert [c.name for c in found[0].captures] == ["secret", "post"]
    _, problems = jobs("@after update @async { Mail.send(self) }", sensitive=("secret",))
    assert not problems


def fingerprint(block: str, resources: str = RESOURCES, **config: object) -> str:
    problems = Problems()
    source = resources % f"@after update @async {{ {block} }}"
    program = check([parse(Source("post.conduit", source), problems)], Config(**config), problems)  # type: ignore[arg-type]
    assert program is not None, problems.sorted()
    return program.resources["Post"].hooks[0].jobs[0].fingerprint


def test_a_fingerprint_is_stable() -> None:
    assert fingerprint("Mail.send(self.title, self.note)") == "838ef207"


def test_a_fingerprint_does_not_depend_on_order_enum_values_or_lengths() -> None:
    block = "Mail.send(self.title, self.state, self.place)"
    before = fingerprint(block)
    assert before == fingerprint("Mail.send(self.place, self.state) Mail.send(self.title)")
    assert before == fingerprint(block, RESOURCES.replace('"live"]', '"live", "gone"]'))
    assert before == fingerprint(block, RESOURCES.replace("string(2)!", "string(3)!"))
    moved = RESOURCES.replace("  title: string!\n", "").replace(
        "  views:", "  title: string!\n  views:"
    )
    assert before == fingerprint(block, moved)


def test_a_fingerprint_depends_on_names_kinds_and_nullability() -> None:
    block = "Mail.send(self.title, self.place)"
    others = {
        fingerprint(block),
        fingerprint(block, RESOURCES.replace("title: string!", "title: string?")),
        fingerprint(block, RESOURCES.replace("title: string!", "title: int!")),
        fingerprint(block, RESOURCES.replace("city: string!", "city: string?")),
        fingerprint("Mail.send(self.title)"),
        fingerprint("Mail.send(self.from, self.place)"),
    }
    assert len(others) == 6


def test_a_snapshot_without_its_sensitive_columns_is_another_payload() -> None:
    assert fingerprint("Mail.send(self)") != fingerprint("Mail.send(self)", sensitive=("secret",))


@pytest.mark.parametrize(
    ("hook", "captured"),
    [
        ("if self.note != nil { @async { Mail.send(self.note) } }", ["note: string"]),
        ("if self.note { @async { Mail.send(self.note) } }", ["note: string"]),
        ("@async { if self.note != nil { Mail.send(self.note) } }", ["note: string?"]),
        ("if self.spot != nil { @async { Mail.send(self.spot.x) } }", ["spot_x: int"]),
        ("if self.spot?.x != nil { @async { Mail.send(self.spot.x) } }", ["spot_x: int"]),
        ("let n = self.note if n != nil { @async { Mail.send(n) } }", ["n: string"]),
        ("if self.editor != nil { @async { Mail.send(self.editor.name) } }", ["editor_id: uuid"]),
    ],
)
def test_what_is_not_nil_at_the_enqueue_is_required(hook: str, captured: list[str]) -> None:
    assert fields(hook) == captured
