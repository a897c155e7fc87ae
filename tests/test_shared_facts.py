"""What both programs state, since neither may import the other, is the same."""

from conduit_runtime.job_types.options import BatchTypeOptions, TypeOptions
from conduit_runtime.model.attempts import retry
from conduit_runtime.model.job import Job, JobPriority
from conduit_runtime.model.kinds import BY_NAME
from conduit_runtime.model.payload import MAX_NAME
from conduit_runtime.worker.run import handler

from conduit_async.check.jobs import block_options
from conduit_async.job_options import (
    MAX_NAME_BYTES,
    OPTIONS,
    PRIORITIES,
    TYPE_OPTIONS,
    Duration,
    WholeNumber,
)
from conduit_async.types import KINDS


def test_a_job_type_takes_the_options_that_generated_code_gives_it() -> None:
    batch = BatchTypeOptions.__required_keys__ | {"wait"}
    assert {name for name, each in TYPE_OPTIONS.items() if each.role == "batch"} == batch
    others = {name for name, each in TYPE_OPTIONS.items() if each.role != "batch"}
    assert others < TypeOptions.__optional_keys__


def test_the_defaults_of_what_each_job_stores() -> None:
    job = Job()
    stored = {name: each.default for name, each in OPTIONS.items() if each.role == "stored"}
    assert stored == {name: getattr(job, name) for name in stored}
    assert OPTIONS["queue"].default == job.queue
    assert {each.name.lower(): int(each) for each in JobPriority} == PRIORITIES


def test_bounds() -> None:
    batch, wait = OPTIONS["batch"].form, OPTIONS["wait"].form
    assert isinstance(batch, WholeNumber)
    assert isinstance(wait, Duration)
    assert (batch.most, wait.most) == (handler.MAX_SIZE, handler.MAX_WAIT)
    assert MAX_NAME_BYTES == MAX_NAME


def test_names_that_are_not_those_of_errors() -> None:
    assert block_options._NO_ERRORS == retry._NO_ERRORS


def test_the_kinds_of_values_and_how_json_has_them() -> None:
    ours = {name: kind.is_text for name, kind in BY_NAME.items()}
    assert ours == {name: KINDS[name].is_text for name in ours}
    declared = {name for name, kind in KINDS.items() if kind.is_declared}
    assert declared == ours.keys() - {"duration"} | {"json"}
