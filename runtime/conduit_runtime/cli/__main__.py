"""`python -m conduit_runtime.cli`."""

from . import main

main()
