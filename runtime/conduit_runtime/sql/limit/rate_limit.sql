-- As limit_type.sql, for a rate.
WITH control AS (
  INSERT INTO {conduit_type_limits} AS limits (type, {prefix}starts, {prefix}seconds, {prefix}rate_from)
  SELECT %(type)s, %(starts)s::integer, %(seconds)s::float8, CASE
    WHEN %(starts)s::integer IS NOT NULL
      OR EXISTS (SELECT FROM {conduit_workers} AS worker WHERE worker.limits -> %(type)s ->> {place} IS NOT NULL)
    THEN 'command' END
  ON CONFLICT (type) DO UPDATE
  SET {prefix}starts = excluded.{prefix}starts, {prefix}seconds = excluded.{prefix}seconds,
      {prefix}rate_from = excluded.{prefix}rate_from
  RETURNING limits.type
)
{notify_workers}
