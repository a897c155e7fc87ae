"""Job types, the context of their handlers, and how to enqueue their jobs."""
