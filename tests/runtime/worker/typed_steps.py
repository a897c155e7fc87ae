"""What mypy and pyright say of steps. It is checked, not run."""

from typing import assert_type

from conduit_runtime import JobContext, PlainContext


async def charge(order: int, *, cents: int) -> str:
    """A step of a coroutine function."""
    return f"{order}: {cents}"


def label(order: int) -> dict[str, int]:
    """A step of a plain function."""
    return {"order": order}


async def handle(job: JobContext, payload: object) -> None:
    """What `await job.step(…)` gives, and which arguments it takes."""
    assert_type(await job.step("charge", charge, 1, cents=2), str)
    assert_type(await job.step("label", label, 1), dict[str, int])
    await job.step("charge again", charge, "1", cents=2)  # type: ignore[arg-type]
    await job.step("charge less", charge, 1)  # type: ignore[call-overload]
    await job.step(label, 1)  # type: ignore[call-overload]


def handle_plainly(job: PlainContext, payload: object) -> None:
    """What `job.step(…)` gives in a plain handler."""
    assert_type(job.step("charge", charge, 1, cents=2), str)
    assert_type(job.step("label", label, 1), dict[str, int])
