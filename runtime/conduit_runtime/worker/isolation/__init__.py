"""Handlers in processes of their own, which can be killed.

The worker claims, renews and acknowledges; a child process runs one job at a time, or several
coroutines of a type. They talk over a socket. A `nursery` process imports the handlers' modules
once and forks the children, so they share its pages; it never runs a job, and has neither threads
nor connections. ARCHITECTURE.md says why this is not a library's pool.
"""
