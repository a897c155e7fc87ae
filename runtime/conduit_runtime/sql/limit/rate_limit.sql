-- As limit_type.sql, for a rate.
WITH control AS (
  INSERT INTO {conduit_type_limits} AS limits (type, starts, seconds, rate_from)
  SELECT %(type)s, %(starts)s::integer, %(seconds)s::float8, CASE
    WHEN %(starts)s::integer IS NOT NULL
      OR EXISTS (SELECT FROM {conduit_workers} AS worker WHERE worker.limits -> %(type)s ->> 1 IS NOT NULL)
    THEN 'command' END
  ON CONFLICT (type) DO UPDATE
  SET starts = excluded.starts, seconds = excluded.seconds, rate_from = excluded.rate_from
  RETURNING limits.type
)
{notify_workers}
