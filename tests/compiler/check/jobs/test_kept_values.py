"""What steps keep of functions and fields, as the lock has it."""

from conduit_async.compiler import compile
from conduit_async.config import Config
from conduit_async.lock.model import Fields
from conduit_async.lock.text import read

SOURCE = """
resource Order {
  id: uuid! @primary
  card: string!
  @function charged(card: string) {
    let text = "#{card} #{Time.now()}"
    let other = text.upcase()
    A.a(text)
    B.b(other)
    C.c(text)
  }
  @after create { @async { %s } }
}
"""


def kept(block: str) -> dict[str, Fields]:
    """What each step of a block keeps."""
    config = Config(sensitive=("Order.card",))
    found = compile({"order.conduit": SOURCE % block}, config)
    [job] = read(found.lock).jobs.values()
    return {step.name: step.kept for step in job.steps or () if step.kept}


def test_a_sensitive_value_is_sensitive_in_a_function() -> None:
    inside = kept("self.charged(self.card)")
    assert {name for name, fields in inside.items() if "text" in fields} == {"a.a"}
    assert inside["a.a"]["text"].sensitive


def test_a_value_of_a_function_that_is_not_sensitive() -> None:
    assert not kept('self.charged("none")')["a.a"]["text"].sensitive


def test_a_sensitive_field_is_not_kept() -> None:
    assert kept('self.card = "new" A.a(self.card) B.b(self.card)') == {}
