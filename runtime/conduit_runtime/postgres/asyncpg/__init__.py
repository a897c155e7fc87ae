"""Our statements on the application's asyncpg connection: for enqueueing and hooks, not workers."""
