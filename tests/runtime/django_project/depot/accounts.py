"""Stands in for a generated package whose configuration names a sensitive field."""

from dataclasses import dataclass

from conduit_runtime import JobContext, Sensitive, job_type


@dataclass(frozen=True)
class Account:
    name: str
    pin: Sensitive[str]


@job_type("account.open", "")
async def open_account(job: JobContext, account: Account) -> None:
    """Do nothing."""


JOBS = (open_account,)
