"""The nodes and edges of a program."""

from typing import Any

from conduit_async.compiler import graph
from conduit_async.config import Config
from conduit_async.graph.model import Graph

POST = """resource Post {
  id: uuid! @primary
  title: string!
  status: string!
  author: User! { foreign_key: "author_id" }
  @has_many Tag through PostTag as "tags" { foreign_key: "post_id" }
  @scope recent { where: { status: "live", title: Titles.now() } }
  @function told() { Audit.told(self.author.name) }

  @after update {
    self.title = "seen"
    @async(name: "outer", unique: Keys.of(self.id)) {
      self.told()
      @async(name: "inner") { User.increment!(self.author_id, :posts, by: 1) notify(1) }
    }
  }
  @after update @async(name: "second") {
    for tag in self.tags { Logger.info(tag.name) }
    Statistics.set(Post.recent.count())
  }
}
"""
USER = """resource User {
  id: uuid! @primary
  name: string!
  posts: int!
  @after create { Email.send(self.name) }
}
resource Tag { id: uuid! @primary name: string! }
resource PostTag {
  id: uuid! @primary
  post: Post! { foreign_key: "post_id" }
  tag: Tag! { foreign_key: "tag_id" }
}
"""


def drawn(sources: dict[str, str], **config: Any) -> Graph:
    found, diagnostics = graph(sources, Config(externs=("notify",), **config))
    assert found is not None, diagnostics
    return found


def test_what_a_program_does() -> None:
    found = drawn({"post.conduit": POST, "user.conduit": USER})
    assert [(edge.source, edge.kind, edge.target) for edge in found.edges] == [
        ("hook:Post.after_update", "enqueues", "job:post.after_update.outer"),
        ("hook:Post.after_update", "calls", "service:Keys.of"),
        ("hook:Post.after_update", "writes", "table:posts"),
        ("hook:Post.after_update#2", "enqueues", "job:post.after_update.second"),
        ("job:post.after_update.inner", "calls", "service:notify"),
        ("job:post.after_update.inner", "writes", "table:users"),
        ("job:post.after_update.outer", "enqueues", "job:post.after_update.inner"),
        ("job:post.after_update.outer", "calls", "service:Audit.told"),
        ("job:post.after_update.outer", "reads", "table:users"),
        ("job:post.after_update.second", "calls", "service:Statistics.set"),
        ("job:post.after_update.second", "calls", "service:Titles.now"),
        ("job:post.after_update.second", "reads", "table:post_tags"),
        ("job:post.after_update.second", "reads", "table:posts"),
        ("job:post.after_update.second", "reads", "table:tags"),
    ]
    places = {node.id: (node.label, node.file, node.line) for node in found.nodes}
    assert places["hook:Post.after_update#2"] == ("Post after update #2", "post.conduit", 17)
    assert places["job:post.after_update.inner"][1:] == ("post.conduit", 14)
    assert places["table:users"] == ("users", "user.conduit", 1)
    assert places["service:Audit.told"] == ("Audit.told", "post.conduit", 8)
    ends = {end for edge in found.edges for end in (edge.source, edge.target)}
    assert ends == places.keys()


def test_the_order_of_sources_and_members_changes_nothing() -> None:
    head, *hooks = POST.rstrip().removesuffix("}").split("  @after")
    other = f"{head}  @after{'  @after'.join(reversed(hooks))}}}"
    sources = {"post.conduit": POST, "user.conduit": USER}
    edges = {edge for edge in drawn(sources).edges if "hook" not in edge.source}
    reordered = drawn({"b.conduit": other, "a.conduit": USER})
    assert {edge for edge in reordered.edges if "hook" not in edge.source} == edges
    assert [*reordered.nodes] == sorted(reordered.nodes)
    assert drawn(dict(reversed(sources.items()))) == drawn(sources)


def test_names_of_tables_and_job_types_are_those_of_the_configuration() -> None:
    sources = {"post.conduit": POST, "user.conduit": USER}
    found = drawn(sources, prefix="blog", tables={"Post": 'the "posts"'})
    ids = {node.id for node in found.nodes}
    assert {'table:the "posts"', "job:blog.post.after_update.outer"} <= ids


def test_a_program_without_jobs_has_an_empty_graph() -> None:
    assert drawn({"user.conduit": USER.replace("Post", "User")}) == Graph()


def test_an_error_gives_no_graph() -> None:
    found, diagnostics = graph({"post.conduit": POST})
    assert found is None
    assert any(each.severity == "error" for each in diagnostics)
