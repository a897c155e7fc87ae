"""Our statements on the application's own asyncpg connection: enqueueing and hooks, no workers."""
