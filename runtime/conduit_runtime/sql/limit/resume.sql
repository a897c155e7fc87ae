WITH control AS (
  UPDATE {conduit_queues} SET paused_at = NULL
  WHERE name = %(queue)s AND paused_at IS NOT NULL
  RETURNING name
)
{notify_workers}
