"""What ends an attempt from outside, beside its timeout."""


class Shutdown(BaseException):
    """The worker ends: the job is released as if it had not been claimed."""


class TakenAway(BaseException):
    """The job was cancelled, retried by hand or rescued: nothing more is to be written of it."""


class TooLate(BaseException):
    """The claim is too old to start the job: it is released as if it had not been claimed."""
