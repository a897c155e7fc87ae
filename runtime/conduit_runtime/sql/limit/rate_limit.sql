WITH control AS (
  INSERT INTO {conduit_rate_limits} AS rate (type, starts, seconds)
  VALUES (%(type)s, %(starts)s::integer, %(seconds)s::float8)
  ON CONFLICT (type) DO UPDATE SET starts = excluded.starts, seconds = excluded.seconds
  RETURNING rate.type
)
{notify_workers}
