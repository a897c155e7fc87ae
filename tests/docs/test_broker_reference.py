"""The reference of the broker names every exchange, and every message with its fields."""

import re
from pathlib import Path

import pytest
from conduit_runtime.broker import messages, topology
from msgspec import Struct
from msgspec.structs import fields

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/broker.md").read_text("utf-8")
EXCHANGES = (
    *(topology.JOBS, topology.RETURNED, topology.ANY_RETURNED, topology.OUTCOMES),
    *(topology.ANY_OUTCOMES, topology.REQUESTS, topology.FLEET, topology.CONTROL),
)
MESSAGES = {
    name: each
    for name, each in vars(messages).items()
    if isinstance(each, type) and issubclass(each, Struct)
    if each is not Struct and not name.startswith("_")
}


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_exchanges(exchange: str) -> None:
    assert f"\n| `{exchange}` |" in PAGE


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name: str) -> None:
    [row] = re.findall(rf"\n\| `{name}` \|[^|]*\| `([^`]*)`", PAGE)
    assert row.split() == [field.name for field in fields(MESSAGES[name])]
