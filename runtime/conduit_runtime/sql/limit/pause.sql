WITH control AS (
  INSERT INTO {conduit_queues} AS queue (name, paused_at) VALUES (%(queue)s, pg_catalog.now())
  ON CONFLICT (name) DO UPDATE SET paused_at = pg_catalog.now() WHERE queue.paused_at IS NULL
  RETURNING queue.name
)
{notify_workers}
