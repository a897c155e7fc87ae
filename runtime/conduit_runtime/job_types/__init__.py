"""A job type, its handler's context, and enqueueing by it."""
