from conduit_runtime import upcast


@upcast(greet "0a"
def _(old): ...
