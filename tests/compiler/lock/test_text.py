"""The text of a lock is read back unchanged; other text is refused, with its line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduit_async.lock.model import BlockIdentity, FieldType, Lock, LockedJob
from conduit_async.lock.text import LockError, read, write

NAMES = st.text("abcdéß_", min_size=1, max_size=5)
SCALARS = st.builds(
    FieldType,
    st.just("scalar"),
    st.sampled_from(["string", "int", "uuid", "any", "json"]),
    st.booleans(),
    st.booleans(),
    table=st.sampled_from(["", "users", "Shop orders"]),
)


def _compound(inner: st.SearchStrategy[FieldType]) -> st.SearchStrategy[FieldType]:
    flags = {"nullable": st.booleans(), "sensitive": st.booleans()}
    fields = st.dictionaries(NAMES | st.just("shape") | st.just("array"), inner, max_size=3)
    texts = st.lists(st.text(max_size=5), max_size=3).map(tuple)
    return (
        st.builds(FieldType, st.just("enum"), **flags, values=texts)
        | st.builds(
            FieldType,
            st.sampled_from(["array", "hash"]),
            **flags,
            item=inner,
            shape=st.sampled_from(["", "{at:timestamp}", '"\n'[:1]]),
        )
        | st.builds(
            FieldType,
            st.sampled_from(["struct", "record"]),
            st.sampled_from(["Post", "sensitive", "Ünïcode"]),
            **flags,
            fields=fields,
        )
    )


TYPES = st.recursive(SCALARS, _compound, max_leaves=6)
SHAPES = st.dictionaries(
    st.sampled_from(["0a2e8cc9", "e6aa5956"]),
    st.dictionaries(NAMES, TYPES, max_size=3),
    min_size=1,
)
SECONDS = st.floats(min_value=1e-3, max_value=1e9)
JOBS = SHAPES.flatmap(
    lambda shapes: st.builds(
        LockedJob,
        hook=NAMES,
        shape=st.sampled_from(sorted(shapes)),
        shapes=st.just(shapes),
        options=st.fixed_dictionaries(
            {},
            optional={
                "queue": st.sampled_from(["mail", "é"]),
                "priority": st.integers(0, 49),
                "max_attempts": st.integers(4, 1000),
                "timeout": SECONDS,
                "backoff": st.sampled_from(["linear", "constant"]),
                "base": SECONDS,
                "max_backoff": SECONDS,
                "concurrency": st.integers(1, 2**31 - 1),
                "rate_limit": st.integers(1, 2**31 - 1),
                "per": st.sampled_from([0.001, 90.5]),
                "batch": st.integers(2, 10_000),
                "wait": st.sampled_from([0.5, 300.0]),
                "memory": st.sampled_from(["512MB", "1.5 GiB"]),
                "retry_on": st.lists(NAMES, min_size=1, max_size=2).map(tuple),
                "discard_on": st.lists(NAMES, min_size=1, max_size=2).map(tuple),
            },
        ),
        retired=st.booleans(),
        was=st.lists(NAMES, max_size=2).map(tuple),
        calls=st.lists(NAMES, max_size=2).map(tuple),
        block=st.none() | st.builds(BlockIdentity, st.lists(NAMES, max_size=3).map(tuple)),
    )
)
SERVICES = st.dictionaries(
    NAMES, st.dictionaries(NAMES, st.lists(st.sampled_from(["1", "2?", "to"])).map(tuple))
)
LOCKS = st.builds(
    Lock,
    jobs=st.dictionaries(NAMES, JOBS, max_size=3),
    hooks=st.sets(NAMES, max_size=3).map(lambda each: tuple(sorted(each))),
    services=SERVICES,
    hook_services=SERVICES,
    prefix=st.none() | NAMES,
    schema=st.none() | NAMES,
)

JOB = """{
  "jobs": {
    "post.after_create.email_send": {
      "hook": "Post.after_create",
      "shape": "e6aa5956",
      "shapes": {
        "e6aa5956": {
          "title": "string"
        }
      }
    }
  },
  "version": 1
}
"""

OPTIONS = """"backoff": "exponential",
      "hook": "Post.after_create",
      "max_attempts": 3,
      "priority": 50,
      "queue": "default\""""
"""Options that a lock contains even if they are the defaults, sorted in beside the hook."""


@pytest.mark.slow
@given(LOCKS)
def test_a_lock_is_read_as_it_was_written(lock: Lock) -> None:
    text = write(lock)
    assert read(text) == lock
    assert write(read(text)) == text
    json.loads(text)


def test_a_field_has_a_line() -> None:
    assert write(read(JOB)) == JOB.replace('"hook": "Post.after_create"', OPTIONS)
    record = FieldType(
        "record", "Post", True, fields={"tags": FieldType("array", item=FieldType("scalar", "int"))}
    )
    lock = Lock({"x": LockedJob("Post.after_create", "0a2e8cc9", {"0a2e8cc9": {"post": record}})})
    assert '          "post": {"record? Post": {\n            "tags": {"array": "int"}\n' in write(
        lock
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("{\n", "", 1, "not JSON"),
        ('"version": 1', '"version": 2', 13, "a later version of conduitc"),
        ('"version": 1', '"version": true', 13, "version"),
        ('"version": 1', '"version": 1, "more": 2', 13, "unknown entry `more`"),
        ('  "version"', '<<<<<<< HEAD\n  "version"', 13, "git could not merge"),
        ('  "version"', '=======\r\n  "version"', 13, "git could not merge"),
        ('"version": 1', '"version": 1, "version": 1', 13, "two entries `version`"),
        ('"version": 1', f'"version": {"9" * 5000}', 1, "not JSON"),
        ('"version": 1', '"version": 1, "prefix": NaN', 1, "NaN"),
        ('"version": 1', f'"version": 1, "hooks": {"[" * 100_000}', 1, "nests too deep"),
        ('"title": "string"', '"title": 3', 8, "has to be a type"),
        ('"title": "string"', '"title": "String"', 8, "has to be a type"),
        ('"title": "string"', '"title": {"array": "int", "hash": "int"}', 8, "has to be a type"),
        ('"title": "string"', '"title": {"record": {}}', 8, "has to be a type"),
        ('"title": "string"', '"title": {"array Post": "int"}', 8, "has to be a type"),
        ('"title": "string"', '"title": {}', 8, "has to be a type"),
        ('"shape": "e6aa5956"', '"shape": "0a2e8cc9"', 5, "one of the shapes"),
        ('"shape": "e6aa5956"', '"shape": ["e6aa5956"]', 5, "one of the shapes"),
        ('"e6aa5956": {', '"e6aa 5956": {', 7, "`e6aa 5956` is not a fingerprint"),
        ('"hook": "Post.after_create"', '"hook": null', 4, "has to be a string"),
        ('"hook"', '"priority": 101, "hook"', 4, "a whole number from 0 to 100"),
        ('"hook"', '"max_attempts": 1.5, "hook"', 4, "a whole number"),
        ('"hook"', '"timeout": -1, "hook"', 4, "a number of seconds"),
        ('"hook"', '"timeout": 1e400, "hook"', 4, "a number of seconds"),
        ('"hook"', '"retired": 1, "hook"', 4, "true or false"),
        ('"hook"', '"backoff": {}, "hook"', 4, "exponential"),
        ('"hook"', '"queue": "", "hook"', 4, "has to be a string"),
        ('"hook"', '"was": "x", "hook"', 4, "a list of strings"),
        ('"hook"', '"block": {}, "hook"', 4, "a list of strings"),
        ('"hook"', '"steps": [{"name": "a", "hash": "b", "pause": 1}], "hook"', 4, "`wait`"),
        ('"title": ', '"a title": ', 8, "not the name of a field"),
        ('"title": "string"', '"title": {"struct A-b": {}}', 8, "has to be a type"),
        ('"post.after_create.email_send"', '"a\\u0000"', 3, "not a valid job type name"),
        ('"hook"', '"hooked": 1, "hook"', 4, "unknown entry `hooked`"),
    ],
)  # fmt: skip
def test_what_is_no_lock_is_refused_with_its_line(
    old: str, new: str, line: int, reason: str
) -> None:
    with pytest.raises(LockError) as caught:
        read(JOB.replace(old, new, 1))
    assert reason in caught.value.reason
    assert caught.value.line == line


@pytest.mark.parametrize("text", ["", "[]", "null", "1", '"x"', "{}", "\ufeff{}", '{"jobs": []}'])
def test_other_json_is_no_lock(text: str) -> None:
    with pytest.raises(LockError):
        read(text)
