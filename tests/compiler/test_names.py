import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduit_async.names import (
    class_name,
    local_name,
    module_name,
    python_name,
    service_name,
    snake_case,
    unclashed,
)

IDENTIFIERS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}[?!]?", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("title", "title"),
        ("from", "from_"),
        ("None", "None_"),
        ("exists?", "exists"),
        ("create!", "create"),
        ("class!", "class_"),
        ("list", "list"),
        ("__secret", "_secret_"),
        ("__init__", "_init_"),
        ("match", "match"),
    ],
)
def test_an_attribute_keeps_its_name_unless_python_forbids_it(name: str, python: str) -> None:
    assert python_name(name) == python


@pytest.mark.parametrize(
    ("name", "python"),
    [("list", "list_"), ("id", "id_"), ("job", "job_"), ("was", "was"), ("in", "in_")],
)
def test_a_variable_hides_neither_a_builtin_nor_what_generated_code_uses(
    name: str, python: str
) -> None:
    assert local_name(name) == python


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("Email", "email"),
        ("SearchIndex", "search_index"),
        ("HTTPClient", "http_client"),
        ("S3", "s3"),
        ("OrderV2", "order_v2"),
        ("release!", "release"),
        ("sendNow", "send_now"),
        ("already_snake", "already_snake"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake


def test_names_of_other_things() -> None:
    assert class_name("search_index_add") == "SearchIndexAdd"
    assert class_name("none") == "None_"
    assert module_name("LineItem") == "line_item"
    assert module_name("Class") == "class_"
    assert service_name("Import") == "import_"


def test_a_taken_name_gets_trailing_underscores() -> None:
    assert unclashed("title", {"title", "title_"}) == "title__"
    assert python_name("from", {"from_"}) == "from__"


@given(IDENTIFIERS)
def test_every_name_becomes_one_that_python_takes_and_does_not_mangle(name: str) -> None:
    for python in (python_name(name), local_name(name), class_name(name), module_name(name)):
        assert python.isidentifier()
        assert not keyword.iskeyword(python)
        assert not python.startswith("__") or python.endswith("__")
