"""What a gateway knows of the workers behind it."""

from typing import Any

from conduit_runtime.broker.gateway.fleet import Fleet
from conduit_runtime.broker.messages import VERSION, Hello
from conduit_runtime.model.queues.controls import SourceLimits
from conduit_runtime.model.type_description import DescribedType, TypeDescription
from conduit_runtime.worker.run.handler import Batching


def hello(worker: str = "w", **fields: Any) -> Hello:
    usual: dict[str, Any] = {
        "version": VERSION, "worker": worker, "host": "h", "pid": 1, "package": None,
        "queues": {"a": None}, "concurrency": 10, "lanes": [("t", ""), ("t", "f1")],
    }  # fmt: skip
    return Hello(**usual | fields)


def test_counts_the_slots_of_each_queue() -> None:
    fleet = Fleet(["a", "b"])
    assert fleet.hear(hello("1", queues={"a": None, "b": 3}), 0.0)
    assert fleet.hear(hello("2", queues={"a": None, "elsewhere": None}, concurrency=5), 0.0)
    assert fleet.hear(hello("3", queues={"elsewhere": None}), 0.0)
    assert [fleet.slots_of(queue) for queue in ("a", "b", "elsewhere")] == [15, 3, 0]
    assert fleet.slots == 15


def test_knows_the_lanes_of_all_workers() -> None:
    fleet = Fleet(["a"])
    fleet.hear(hello("1"), 0.0)
    fleet.hear(hello("2", lanes=[("t", ""), ("t", "f2"), ("u", "")]), 0.0)
    assert fleet.lanes() == [("t", ""), ("t", "f1"), ("t", "f2"), ("u", "")]
    assert fleet.types() == ["t", "u"]
    assert "u" in fleet
    assert "v" not in fleet


def test_the_same_word_again_changes_nothing() -> None:
    fleet = Fleet(["a"])
    assert fleet.hear(hello(), 0.0)
    assert not fleet.hear(hello(), 1.0)
    assert fleet.hear(hello(concurrency=11), 2.0)


def test_forgets_who_is_silent_or_stops() -> None:
    fleet = Fleet(["a"], forgotten=10.0)
    fleet.hear(hello("1"), 0.0)
    fleet.hear(hello("2"), 5.0)
    assert not fleet.forget_silent(9.0)
    assert fleet.forget_silent(10.0)
    assert fleet.slots == 10
    assert fleet.hear(hello("2", is_stopping=True), 6.0)
    assert not fleet.hear(hello("2", is_stopping=True), 6.0)
    assert (fleet.slots, fleet.lanes()) == (0, [])


def test_only_allowed_types_take_part() -> None:
    fleet = Fleet(["a"], allowed=["t", "mine"])
    fleet.hear(hello(lanes=[("t", ""), ("other", "")], batches={"other": (5, 1.0)}), 0.0)
    assert fleet.types() == ["t"]
    assert fleet.batched == {}
    assert [fleet.accepts(type_) for type_ in ("t", "mine", "other")] == [True, True, False]


def test_without_packages_a_job_may_enqueue_what_workers_run() -> None:
    fleet = Fleet(["a"])
    fleet.hear(hello(), 0.0)
    assert [fleet.accepts(type_) for type_ in ("t", "other")] == [True, False]


def test_which_workers_run_a_type_in_a_queue() -> None:
    fleet = Fleet(["a", "b"])
    fleet.hear(hello("1", queues={"a": None}), 0.0)
    fleet.hear(hello("2", queues={"b": None}, lanes=[("u", "")]), 0.0)
    assert fleet.runs("a", "t")
    assert fleet.runs("b", "u")
    assert not fleet.runs("a", "u")


def test_an_unreadable_job_may_be_read_by_another_reader() -> None:
    fleet = Fleet(["a"])
    fleet.hear(hello("1", readers={"t": "old"}), 0.0)
    assert not fleet.may_read(("t", "f!old"))
    assert fleet.may_read(("t", "f!other"))
    fleet.hear(hello("2", readers={"t": "new"}), 0.0)
    assert fleet.may_read(("t", "f!old"))
    assert not fleet.may_read(("t", "f!old!new"))
    assert not fleet.may_read(("unknown", "f"))


def test_batches_limits_and_descriptions_are_those_of_the_workers() -> None:
    fleet = Fleet(["a"])
    described = [DescribedType("t", "", "a", TypeDescription())]
    limits = {"t": SourceLimits(3), "other": SourceLimits(4)}
    fleet.hear(hello(batches={"t": (7, 2.0)}, limits=limits, descriptions=described), 0.0)
    assert fleet.batched == {"t": Batching(7, 2.0)}
    assert fleet.limits() == {"t": SourceLimits(3)}
    assert fleet.descriptions() == described
    assert not fleet.hear(hello(batches={"t": (7, 2.0)}, limits=limits), 1.0)
    assert fleet.descriptions() == described


def test_the_longest_wait_for_a_batch_counts() -> None:
    fleet = Fleet(["a"])
    fleet.hear(hello("1", batches={"t": (7, 30.0)}), 0.0)
    fleet.hear(hello("2", batches={"t": (7, 2.0)}), 0.0)
    assert fleet.batched == {"t": Batching(7, 30.0)}


def test_a_shape_that_several_workers_describe_is_in_one_description() -> None:
    fleet = Fleet(["a"])
    shapes = [DescribedType("t", shape, "a", TypeDescription()) for shape in ("", "f1")]
    fleet.hear(hello("1", descriptions=shapes[:1]), 0.0)
    fleet.hear(hello("2", descriptions=shapes), 0.0)
    assert fleet.descriptions() == shapes


def test_the_worker_that_ran_a_job_reports_its_failure_if_it_can() -> None:
    fleet = Fleet(["a"])
    fleet.hear(hello("1"), 0.0)
    assert fleet.reporter("1") is None
    fleet.hear(hello("2", reports_failures=True), 0.0)
    fleet.hear(hello("3", reports_failures=True), 0.0)
    assert fleet.reporter("3") == "3"
    assert fleet.reporter("1") == "2"
    assert fleet.reporter(None) == "2"
