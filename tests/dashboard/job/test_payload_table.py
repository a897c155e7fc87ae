"""A payload as rows."""

from conduit_dashboard.job.payload_table import Row, kind_in_words, rows_of
from conduit_runtime.model.type_description import FieldShape

STRING = FieldShape("string")
FIELDS = {
    "title": STRING,
    "state": FieldShape("enum", nullable=True, values=("new", "old")),
    "self": FieldShape(
        "record",
        name="Order",
        fields={"id": FieldShape("int"), "tags": FieldShape("array", item=STRING)},
    ),
    "secret": FieldShape("string", sensitive=True),
    "late": STRING,
}


def test_a_row_for_each_field() -> None:
    payload = {
        "title": "no\nquotes",
        "state": None,
        "self": {"id": 7, "tags": ["a"]},
        "secret": "[sensitive]",
        "extra": {"x": 1.50},
    }
    assert rows_of(payload, FIELDS) == [
        Row("title", "string", "no\nquotes"),
        Row("state", "enum: new, old, or nil", "nil"),
        Row("self.id", "int", "7"),
        Row("self.tags", "array of string", '["a"]'),
        Row("secret", "string", "[sensitive]", "hidden"),
        Row("late", "string", "", "missing"),
        Row("extra", "", '{"x":1.5}', "unknown"),
    ]


def test_a_payload_of_any_shape() -> None:
    assert rows_of({"a": True}, None) == [Row("a", "", "true")]
    assert rows_of([1, 2], None) == [Row("payload", "", "[1,2]")]
    assert rows_of("text", FIELDS) == [Row("payload", "", "text")]
    assert rows_of({}, None) == []


def test_long_values_and_many_fields() -> None:
    (row,) = rows_of({"a": "x" * 100_000}, None)
    assert (len(row.value), row.more) == (2_000, 98_000)
    assert len(rows_of({str(n): n for n in range(10_000)}, None)) == 500


def test_kinds_in_words() -> None:
    nested = FieldShape("hash", item=FieldShape("struct", name="Line"), nullable=True)
    assert kind_in_words(nested) == "hash of Line, or nil"
