WITH control AS (
  INSERT INTO {conduit_queues} AS queue (name, paused_at) VALUES (%(queue)s, now())
  ON CONFLICT (name) DO UPDATE SET paused_at = now() WHERE queue.paused_at IS NULL
  RETURNING queue.name
)
{tell}
