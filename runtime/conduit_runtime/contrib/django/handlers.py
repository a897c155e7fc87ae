"""Handlers that the `jobs` modules of applications register."""

from ...worker.run.handlers import HandlerRegistry

registry = HandlerRegistry()
"""The handlers that workers of the project run beside generated packages and tasks."""

handler = registry.handler
"""Decorator like `WorkerPool.handler`: `function(context, payload)` runs the jobs of a type."""
