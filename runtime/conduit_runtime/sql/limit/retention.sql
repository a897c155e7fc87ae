INSERT INTO {conduit_queues} AS queue (name, keep_completed, keep_failed, keep_steps)
VALUES (%(queue)s, %(keep_completed)s::float8, %(keep_failed)s::float8, %(keep_steps)s::float8)
ON CONFLICT (name) DO UPDATE
SET keep_completed = excluded.keep_completed, keep_failed = excluded.keep_failed,
    keep_steps = excluded.keep_steps
