-- Counts due jobs along the claim index, up to a limit, unreadable jobs apart from them, and refused
-- ones. Does not read other jobs that are not due.
SELECT wanted.queue, due.count, coalesce(running.count, 0),
       coalesce(extract(epoch FROM pg_catalog.now() - due.oldest), 0)::float8, due.unreadable,
       due.refused
FROM pg_catalog.unnest(%(queues)s::text[]) AS wanted (queue)
CROSS JOIN LATERAL (
  WITH waiting AS MATERIALIZED (
  {waiting}
  ), lane AS MATERIALIZED (
    SELECT * FROM waiting WHERE NOT {is_unreadable}
  )
  SELECT (
    SELECT pg_catalog.count(*)
    FROM (
      SELECT
      FROM lane
      CROSS JOIN LATERAL (
        SELECT FROM {jobs} AS job
        WHERE job.queue = wanted.queue AND job.status = 'pending' AND job.priority = lane.priority
          AND job.type = lane.type AND job.fingerprint = lane.fingerprint AND job.run_at <= pg_catalog.now()
        LIMIT %(deepest)s
      ) AS job
      LIMIT %(deepest)s
    ) AS counted
  ) AS count, (
    SELECT pg_catalog.min(head.run_at)
    FROM lane
    CROSS JOIN LATERAL (
      SELECT job.run_at FROM {jobs} AS job
      WHERE job.queue = wanted.queue AND job.status = 'pending' AND job.priority = lane.priority
        AND job.type = lane.type AND job.fingerprint = lane.fingerprint AND job.run_at <= pg_catalog.now()
      ORDER BY job.run_at
      LIMIT 1
    ) AS head
  ) AS oldest, (
    SELECT pg_catalog.count(*)
    FROM (
      SELECT
      FROM waiting
      CROSS JOIN LATERAL (
        SELECT FROM {jobs} AS job
        WHERE job.queue = wanted.queue AND job.status = 'pending' AND job.priority = waiting.priority
          AND job.type = waiting.type AND job.fingerprint = waiting.fingerprint
        LIMIT %(deepest)s
      ) AS job
      WHERE {is_unreadable}
      LIMIT %(deepest)s
    ) AS counted
  ) AS unreadable, (
    SELECT pg_catalog.count(*)
    FROM (
      SELECT FROM {jobs} AS job
      WHERE job.queue = wanted.queue AND {is_refused}
      LIMIT %(deepest)s
    ) AS counted
  ) AS refused
) AS due
LEFT JOIN (
  SELECT queue, pg_catalog.count(*) AS count FROM {jobs} WHERE status = 'running' GROUP BY queue
) AS running ON running.queue = wanted.queue
ORDER BY wanted.queue
