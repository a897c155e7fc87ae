"""Pages hide the sensitive values of payloads, wherever they occur."""

from typing import Any

import pytest
from conduit_runtime.model.type_description import FieldShape, KnownShape
from conduit_runtime.payloads.masking import PayloadMask

TEXT = FieldShape("string")
SECRET = FieldShape("string", sensitive=True)
PERSON = FieldShape("struct", name="Person", fields={"name": TEXT, "tax": SECRET})
SHAPES = (
    KnownShape("aaa", {"card": SECRET, "label": TEXT}),
    KnownShape(
        "bbb",
        {
            "card": TEXT,
            "person": PERSON,
            "people": FieldShape("array", item=PERSON),
            "by_name": FieldShape("hash", item=PERSON),
            "data": FieldShape("any"),
        },
    ),
)
MASK = "[sensitive]"


def mask(fingerprint: str = "bbb") -> PayloadMask:
    return PayloadMask(SHAPES, fingerprint)


def test_a_field_is_hidden_if_any_shape_marks_it() -> None:
    payload = {"card": "4111", "label": "x"}
    for fingerprint in ("aaa", "bbb", "", "aaa!reader"):
        assert mask(fingerprint).payload(payload) == {"card": MASK, "label": "x"}


def test_fields_within_structs_arrays_and_hashes_are_hidden() -> None:
    person = {"name": "Ada", "tax": "918273"}
    hidden = {"name": "Ada", "tax": MASK}
    payload = {
        "person": person,
        "people": [person],
        "by_name": {"a": person},
        "data": [1, {"b": 2}],
    }
    shown = {"person": hidden, "people": [hidden], "by_name": {"a": hidden}, "data": [1, {"b": 2}]}
    assert mask().payload(payload) == shown
    assert mask().texts(payload) == {"918273"}


def test_a_sensitive_value_is_hidden_whatever_it_is() -> None:
    for value in (None, False, 0, "", [], {"a": 1}):
        assert mask().payload({"card": value}) == {"card": MASK}


def test_a_payload_that_no_worker_has_described_is_hidden() -> None:
    unknown = PayloadMask((), "ccc")
    assert not unknown.is_known
    assert unknown.payload({"a": 1, "b": {"c": 2}}) == {"a": MASK, "b": MASK}
    assert unknown.payload([1, {"a": 1}]) == MASK
    assert unknown.payload("x") == MASK
    assert unknown.texts({"a": 12345, "b": {"c": "deep"}}) == {"12345", "c", "deep"}


def test_what_is_unknown_of_another_shape_is_hidden() -> None:
    """Code newer than all workers may have added a field that it marks as sensitive."""
    payload = {"label": "x", "new": "y", "person": {"name": "Ada", "new": "z"}}
    assert mask("ccc").payload(payload) == {
        "label": "x",
        "new": MASK,
        "person": {"name": "Ada", "new": MASK},
    }
    assert mask("bbb").payload(payload) == payload


def test_a_payload_written_by_hand_is_shown() -> None:
    assert PayloadMask((), "").payload({"a": [1]}) == {"a": [1]}
    assert PayloadMask((), "").payload("x") == "x"
    assert mask("").payload({"card": "1", "odd": 2}) == {"card": MASK, "odd": 2}


def test_errors_and_values_do_not_reveal_the_hidden_ones() -> None:
    payload = {"card": '41"11', "person": {"tax": 77}, "label": "x"}
    error = 'ValueError: card 41"11, as JSON "41\\"11", tax 77 of 770'
    assert mask().text(error, payload) == (
        f'ValueError: card {MASK}, as JSON "{MASK}", tax {MASK} of 770'
    )
    value = {"done": 77, "note": 'for 41"11', "77": [True, None, 770]}
    assert mask().value(value, payload) == {
        "done": MASK,
        "note": f"for {MASK}",
        MASK: [True, None, 770],
    }
    assert mask().text(error, {"label": "x"}) == error


@pytest.mark.parametrize(
    ("path", "is_refused"),
    [
        (["card"], True),
        (["card", "deeper"], True),
        (["label"], False),
        (["person"], True),
        (["person", "name"], False),
        (["person", "tax"], True),
        (["person", "unknown"], True),
        (["people"], True),
        (["people", "name"], True),
        (["by_name", "ada", "tax"], True),
        (["by_name", "ada", "name"], False),
        (["data"], False),
        (["data", "any", "where"], False),
        (["unknown"], True),
        ([], True),
    ],
)
def test_a_search_that_could_reveal_a_hidden_value_is_refused(path: Any, is_refused: bool) -> None:
    assert mask().refuses_search(path) == is_refused


def test_a_search_in_payloads_of_handlers_by_hand_is_allowed() -> None:
    by_hand = PayloadMask([KnownShape("", {})], "")
    assert not by_hand.refuses_search(["anything"])
    assert PayloadMask((), "").refuses_search(["anything"])


@pytest.mark.parametrize("payload", ['{"card": "4111", "n": 1e400}', ["4111"], "4111", 4111])
def test_a_payload_that_is_no_hash_is_hidden_whole(payload: object) -> None:
    shapes = [KnownShape("f", {"card": FieldShape("string", sensitive=True)})]
    assert PayloadMask(shapes, "f").payload(payload) == MASK
    assert PayloadMask(shapes, "").payload(payload) == MASK
    plain = [KnownShape("f", {"card": FieldShape("string")})]
    assert PayloadMask(plain, "f").payload(payload) == payload


def test_what_would_take_too_long_to_hide_is_hidden_whole() -> None:
    deep: Any = "918273"
    for _ in range(2_000):
        deep = [deep]
    for payload in ({"data": deep}, {"people": [{"tax": f"n{at}"} for at in range(5_001)]}):
        assert mask("ccc").text("a text", payload) == MASK
        assert mask("ccc").value({"a": 1}, payload) == MASK
    assert mask().payload({"data": deep}) == MASK


STEPS = {
    "bill": {"card": SECRET, "label": TEXT, "person": PERSON},
    "for row": {"turns": FieldShape("int"), "kept": FieldShape("struct", fields={"tax": SECRET})},
}


def test_what_a_step_keeps_is_hidden_where_its_class_or_the_payload_says_so() -> None:
    known = PayloadMask((KnownShape("aaa", {"card": SECRET}, STEPS),), "aaa")
    payload = {"card": "4111"}
    kept = {"card": "x", "label": "4111 and more", "person": {"name": "Ada", "tax": "918273"}}
    assert known.step("bill", kept, payload) == {
        "card": MASK,
        "label": f"{MASK} and more",
        "person": {"name": "Ada", "tax": MASK},
    }
    turns = {"turns": 3, "kept": {"tax": "918273"}}
    assert known.step("for row", turns, payload) == {"turns": 3, "kept": {"tax": MASK}}
    assert known.step("for row", {"turns": 3, "kept": None}, payload) == {"turns": 3, "kept": None}
    assert known.step("bill", None, payload) is None


def test_what_no_worker_has_described_of_a_step_is_hidden() -> None:
    known = PayloadMask((KnownShape("aaa", {}, STEPS),), "aaa")
    assert known.step("bill", {"label": "x", "new": "y"}, {}) == {"label": "x", "new": MASK}
    assert known.step("other", {"a": 1}, {}) == {"a": MASK}
    assert known.step("other", "x", {}) == MASK
    assert known.step("other", None, {}) is None
    assert PayloadMask((), "ccc").step("bill", {"a": 1}, {}) == {"a": MASK}


def test_steps_of_a_handler_written_by_hand_are_shown() -> None:
    by_hand = PayloadMask((KnownShape("", {}),), "")
    assert by_hand.step("charge", {"receipt": [1]}, {}) == {"receipt": [1]}
    assert PayloadMask((), "").step("charge", "x", None) == "x"
