"""Other processes give modules the form that this one would give them."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from conduit_async.cli.formatters import Formatters
from conduit_async.emit.marks import format_all

TEXTS = [
    f"def f{number}() -> int:\n\ue000{number}\ue001    return {' + '.join(['name'] * number)}\n"
    for number in range(1, 60)
]


@pytest.fixture
def formatters(monkeypatch: pytest.MonkeyPatch) -> Iterator[Formatters]:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with Formatters() as found:
        yield found


def test_the_forms_are_the_same_and_in_order(formatters: Formatters) -> None:
    assert [*formatters.format_all(TEXTS)] == [*format_all(TEXTS)]
    assert len(formatters.processes) == 2
    with formatters:
        pass
    assert all(process.poll() is not None for process in formatters.processes)


def test_few_texts_start_no_process(formatters: Formatters) -> None:
    assert [*formatters.format_all(TEXTS[:5])] == [*format_all(TEXTS[:5])]
    assert not formatters.processes


def test_a_process_that_ends_or_cannot_start_is_made_up_for(
    formatters: Formatters, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = formatters.format_all(TEXTS)
    found = [next(forms)]
    for process in formatters.processes:
        process.kill()
    assert [*found, *forms] == [*format_all(TEXTS)]
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    with Formatters() as without:
        assert [*without.format_all(TEXTS)] == [*format_all(TEXTS)]


def test_an_interrupt_ends_it_soon(formatters: Formatters) -> None:
    def texts() -> Iterator[str]:
        yield from TEXTS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(formatters.format_all(texts()))


def test_a_process_ends_with_its_input() -> None:
    command = [sys.executable, "-m", "conduit_async.cli.formatters"]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=60)
