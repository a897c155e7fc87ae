"""The code alone describes a job type: fields, source, hooks, calls, options."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conduit_runtime import JobContext, job_type
from conduit_runtime.model.type_description import (
    DescribedType,
    FieldShape,
    HookUses,
    TypeDescription,
    TypeSource,
)
from conduit_runtime.statements.job_types import describe_types
from conduit_runtime.worker.run.handlers import HandlerRegistry
from generated import imported

ROOT = Path(__file__).parents[4]
CASES = ROOT / "tests/compiler/cases"


@contextmanager
def described(folder: Path, base: Path) -> Iterator[Mapping[str, list[DescribedType]]]:
    """The descriptions of the types of a generated package, by name."""
    files = {each.name: each.read_text() for each in folder.glob("*.py")}
    with imported(files, base) as package:
        registry = HandlerRegistry()
        registry.register_job_types(package.JOBS)
        found: dict[str, list[DescribedType]] = {}
        for each in registry.descriptions():
            found.setdefault(each.type, []).append(each)
        yield found


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Mapping[str, list[DescribedType]]]:
    with described(ROOT / "examples/shop/jobs", tmp_path) as found:
        yield found


def the(found: Mapping[str, list[DescribedType]], name: str) -> TypeDescription:
    [one] = found[name]
    return one.description


def test_fields_have_kinds_values_and_parts(shop: Mapping[str, list[DescribedType]]) -> None:
    [order] = shop["order.after_create.email_send"]
    assert (order.fingerprint, order.queue) == ("26c2cdbd", "mail")
    assert order.description.fields == {
        "number": FieldShape("string"),
        "total": FieldShape("decimal"),
        "currency": FieldShape("enum", values=("EUR", "USD", "GBP")),
        "note": FieldShape("string", nullable=True),
        "customer_id": FieldShape("uuid"),
    }
    product = the(shop, "product.after_save.index").fields["product"]
    assert (product.kind, product.name) == ("record", "Product")
    assert product.fields["attributes"] == FieldShape("hash", item=FieldShape("string"))
    assert product.fields["package"].nullable
    assert product.fields["package"].fields["size"].kind == "struct"


def test_children_are_read_from_the_code(tmp_path: Path) -> None:
    with described(ROOT / "examples/blog/jobs", tmp_path) as blog:
        check = the(blog, "comment.after_create.moderation_check")
        assert check.hooks == (HookUses("Comment.after_create"),)
        assert check.enqueues == ("comment.after_create.email_send",)
        assert check.calls == ("Moderation.check",)
        assert the(blog, "comment.after_create.email_send").hooks == ()


def test_hooks_and_calls_are_read_from_the_code(shop: Mapping[str, list[DescribedType]]) -> None:
    review = the(shop, "order.after_create.review")
    assert review.hooks == (HookUses("Order.after_create", ("Statistics.record",)),)
    assert the(shop, "product.after_save.index").hooks == (HookUses("Product.after_save"),)
    assert the(shop, "order.after_update.refund").calls == ("Billing.refund", "Pager.alert")


@pytest.mark.slow
def test_options_are_those_that_differ(shop: Mapping[str, list[DescribedType]]) -> None:
    options = the(shop, "order.after_update.refund").options
    assert options == {"priority": 100, "max_attempts": 10}
    assert the(shop, "line_item.after_create.warehouse_reserve").options == {}


def test_each_example_and_case_is_described(tmp_path: Path) -> None:
    """Each type has a hook or a parent, so the names are found in all forms of the code."""
    folders = [*CASES.glob("*/expected"), ROOT / "examples/blog/jobs"]
    count = 0
    for number, folder in enumerate(each for each in folders if (each / "__init__.py").exists()):
        with described(folder, tmp_path / str(number)) as found:
            children = {
                name
                for shapes in found.values()
                for each in shapes
                for name in each.description.enqueues
            }
            for name, shapes in found.items():
                for each in shapes:
                    is_reached = each.description.hooks or name in children
                    assert is_reached or "was" in folder.parent.name, (folder, name)
                    assert isinstance(each.description.source, TypeSource), (folder, name)
                    count += 1
    assert count > 100


def test_sensitive_fields_are_marked(tmp_path: Path) -> None:
    with described(CASES / "sensitive-fields/expected", tmp_path) as found:
        fields = the(found, "post.after_create.fields").fields
    assert {name: each.sensitive for name, each in fields.items()} == {
        "secret": True,
        "tax": True,
        "label": False,
    }


@pytest.mark.slow
def test_older_shapes_are_described_as_well(tmp_path: Path) -> None:
    with described(CASES / "upcasts/expected", tmp_path) as found:
        older = [each for shapes in found.values() for each in shapes if each.description.is_older]
    assert older
    assert all(each.description.fields for each in older)


BY_HAND = """
from __future__ import annotations
from dataclasses import dataclass
from conduit_runtime import JobContext, job_type

def after_create(conn, row) -> "Order":
    helper(conn)

def helper(conn):
    send.enqueue(conn, Letter("x"))
    helper(conn)

@dataclass(frozen=True)
class Letter:
    to: str

@job_type("letter.send", "00000001")
async def send(job: JobContext, letter: Letter) -> None:
    await job.services.post.send(job.services.stamp)
"""


def test_a_job_type_by_hand(tmp_path: Path) -> None:
    """Its module has no source in Conduit, and its hooks do not name their resource."""
    package = "from . import letters\nJOBS = (letters.send,)"
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").write_text(package)
    (tmp_path / "package/letters.py").write_text(BY_HAND)
    with described(tmp_path / "package", tmp_path / "imported") as found:
        letter = the(found, "letter.send")
    assert letter.hooks == (HookUses("letters.after_create"),)
    assert letter.source is None
    assert letter.calls == ("post.send", "stamp")
    assert letter.fields == {"to": FieldShape("string")}


def test_a_payload_may_be_a_dict() -> None:
    @job_type("letter.send", "", queue="mail")
    async def send(job: JobContext[Any], payload: dict[str, Any]) -> None: ...

    registry = HandlerRegistry()
    registry.register_job_types([send])
    [found] = registry.descriptions()
    assert (found.type, found.queue, found.description.fields) == ("letter.send", "mail", {})


def test_a_handler_by_hand_takes_any_payload() -> None:
    def send(context: Any, payload: Any) -> None: ...

    registry = HandlerRegistry()
    registry.register("mail", send)
    [found] = registry.descriptions()
    assert (found.type, found.fingerprint, found.queue) == ("mail", "", "")
    source = found.description.source
    assert source is not None
    assert source.path.endswith("test_a_handler_by_hand_takes_any_payload.<locals>.send")


def test_what_steps_keep_is_described_and_can_be_stored(
    shop: Mapping[str, list[DescribedType]],
) -> None:
    invoice = the(shop, "order.after_update.billing_invoice")
    assert invoice.steps == {"billing.invoice": {"invoice.url": FieldShape("any")}}
    label = the(shop, "order.after_update.print_label")
    assert [*label.steps] == ["shipping.label", "delivery.carrier"]
    assert "steps" not in label.options
    statement = describe_types([each for found in shop.values() for each in found])
    assert "shipping.label" in statement.parameters["described"]
