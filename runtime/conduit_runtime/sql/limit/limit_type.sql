-- If the source gives a limit, too, the row records that a command has lifted it, so it stays lifted.
-- Otherwise a lifted limit leaves nothing.
WITH control AS (
  INSERT INTO {conduit_type_limits} AS limits (type, {column}, {column}_from)
  SELECT %(type)s, %(concurrency)s::integer, CASE
    WHEN %(concurrency)s::integer IS NOT NULL
      OR EXISTS (SELECT FROM {conduit_workers} AS worker WHERE worker.limits -> %(type)s ->> {place} IS NOT NULL)
    THEN 'command' END
  ON CONFLICT (type) DO UPDATE
  SET {column} = excluded.{column}, {column}_from = excluded.{column}_from
  RETURNING limits.type
)
{notify_workers}
