"""Finds the function that the application called, for errors that name it."""

import sys


def called_function(otherwise: str) -> str:
    """The hook that called into the runtime, such as `after_create`; otherwise the given text.

    It walks the frames of its callers, so it is only for errors.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    name = frame.f_code.co_name
    return name if name.startswith("after_") else otherwise


def _is_ours(module: str) -> bool:
    return module.startswith("conduit_runtime.") and not module.startswith("conduit_runtime.demo.")
