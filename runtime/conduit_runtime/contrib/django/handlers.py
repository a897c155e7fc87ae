"""Handlers that the `jobs` modules of applications register."""

from ...worker.run.handlers import HandlerRegistry

registry = HandlerRegistry()
"""What workers of the project run beside generated packages and tasks."""

handler = registry.handler
"""Decorator: have `function(context, payload)` run the jobs of a type, as `WorkerPool.handler`."""
