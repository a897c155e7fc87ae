-- The types and queues of the parked jobs of the `asked` keys: how many more jobs the limits of the key let start,
-- `most` if none is left; and of a type with an order the only job that may be next, '' if none may.
CROSS JOIN LATERAL (
  WITH RECURSIVE walk AS (
    (SELECT job.type, job.queue FROM {jobs} AS job WHERE {is_parked} AND job.key = asked.key
     ORDER BY job.type, job.queue LIMIT 1)
    UNION ALL
    SELECT next.type, next.queue FROM walk CROSS JOIN LATERAL (
      SELECT job.type, job.queue FROM {jobs} AS job
      WHERE {is_parked} AND job.key = asked.key AND (job.type, job.queue) > (walk.type, walk.queue)
      ORDER BY job.type, job.queue LIMIT 1
    ) AS next
  )
  SELECT asked.key, walk.type, walk.queue FROM walk
) AS its
CROSS JOIN LATERAL (
  SELECT greatest(0, coalesce(least((
    {room_of_key}
  ), (
    SELECT control.key_concurrency - (
      SELECT {weighed} FROM (
        SELECT job.weight FROM {jobs} AS job
        WHERE {running_of_key} AND job.queue = its.queue
        LIMIT control.key_concurrency
      ) AS job
    ) FROM {conduit_queues} AS control WHERE control.name = its.queue
  )), {most})) AS jobs, (
    SELECT CASE WHEN limits.key_order IS NOT NULL AND EXISTS (
      SELECT FROM {jobs} AS job
      WHERE {running_of_key} AND job.type = its.type
    ) THEN '' ELSE {next_of_key} END
    FROM {conduit_type_limits} AS limits WHERE limits.type = its.type
  ) AS next_of_type
  OFFSET 0  -- so that it is evaluated once
) AS room
