"""Interruptions that end an attempt from outside, other than its timeout."""


class Shutdown(BaseException):
    """The worker stops: the job is released as if it had not been claimed."""


class TakenAway(BaseException):
    """The job was cancelled, retried by hand or rescued: the worker writes nothing more of it."""


class TooLate(BaseException):
    """The claim is too old to start the job: it is released as if it had not been claimed."""
