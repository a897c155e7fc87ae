-- If the source of a type makes the queue fair, too, the row records that a command has decided.
WITH control AS (
  INSERT INTO {conduit_queues} AS queue (name, fair, fair_from)
  SELECT %(queue)s, CASE WHEN decided.is_kept THEN %(fair)s::boolean END,
         CASE WHEN decided.is_kept THEN 'command' END
  FROM (SELECT %(fair)s::boolean OR EXISTS (
    SELECT FROM {conduit_workers} AS worker CROSS JOIN pg_catalog.jsonb_each(worker.limits) AS given (type, fields)
    WHERE (given.fields ->> 7) = %(queue)s
  ) AS is_kept) AS decided
  ON CONFLICT (name) DO UPDATE SET fair = excluded.fair, fair_from = excluded.fair_from
  RETURNING queue.name
)
{notify_workers}
