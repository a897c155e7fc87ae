WITH control AS (
  DELETE FROM {conduit_rate_limits} WHERE type = %(type)s RETURNING type
), forgotten AS (
  DELETE FROM {conduit_rate_usage} WHERE type = %(type)s
)
{notify_workers}
