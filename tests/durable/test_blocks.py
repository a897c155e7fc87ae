"""Blocks of jobs, each run undisturbed, with a crash behind each step, and with lost outcomes."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from blocks import BLOCKS, SETTINGS, Block, source_of
from disturbed import Bench, Event, rows_made
from generated import compiled, imported, write
from probe import check_types, check_with_pyright


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.what)
def test_a_block_goes_on_behind_its_last_step(bench: Bench, tmp_path: Path, block: Block) -> None:
    with imported(compiled(source_of([block]), SETTINGS), tmp_path) as package:
        calm = bench.run(package)
        assert calm.errors == []
        stored = dict.fromkeys(step for type_, step in calm.stored if "block" in type_)
        assert [*stored] == block.steps
        for step in dict.fromkeys(step for _, step in calm.stored):
            where = "pause" if step in calm.pauses else "crash_after"
            assert bench.run(package, **{where: step}) == calm, f"a crash behind {step}"
        still = bench.run(package, clock_stands=True)
        for number in range(len(still.effects)):
            lost = bench.run(package, clock_stands=True, lose=number)
            assert lost.events == still.with_repeated(number), f"the outcome of {number} is lost"
            if not still.repeats_writes(number):
                assert rows_made(lost) == rows_made(still)


def test_blocks_do_the_same_as_before_they_are_rewritten(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with imported(compiled(source_of(BLOCKS), SETTINGS), tmp_path / "rewritten") as package:
        seen = bench.run(package, clock_stands=True)
    monkeypatch.setattr("conduit_async.check.lift_effects", lambda program: None)
    with imported(compiled(source_of(BLOCKS), SETTINGS), tmp_path / "plain") as package:
        plain = bench.run(package, clock_stands=True)
    assert seen.errors == plain.errors == []
    for job, events in plain.events.items():
        assert done_by(seen.events[job]) == done_by(events), job
    assert seen.rows == plain.rows


def done_by(events: Iterable[Event]) -> list[str]:
    """What a job did, whatever its steps and the keys of its calls are."""
    return [
        str((each.what[0], *each.what[2:]) if each.what[0] == "call" else each.what)
        for each in events
    ]


@pytest.mark.slow
def test_type_checkers_accept_the_blocks(tmp_path: Path) -> None:
    write(compiled(source_of(BLOCKS), SETTINGS), tmp_path / "package_blocks")
    check_types(tmp_path / "package_blocks")
    check_with_pyright(tmp_path)


def test_the_table_has_blocks_with_and_without_steps() -> None:
    numbers = [len(each.steps) for each in BLOCKS]
    assert len(numbers) > 60
    assert 0 in numbers
    assert max(numbers) > 3
