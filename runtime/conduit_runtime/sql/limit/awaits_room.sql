-- Whether a parked job of these queues and types starts once others have run. One whose order is held by a
-- failed job, by one that is retried later, or by one that no live worker may claim, does not.
SELECT EXISTS (
  SELECT FROM (
    SELECT job.key, job.type FROM {jobs} AS job
    WHERE {is_parked} AND job.queue = ANY (%(queues)s::text[]) AND job.type = ANY (%(types)s::text[])
    GROUP BY job.key, job.type
  ) AS its
  LEFT JOIN {conduit_type_limits} AS limits ON limits.type = its.type
  CROSS JOIN LATERAL (
    SELECT {next_of_key} AS job
    OFFSET 0  -- so that it is evaluated once
  ) AS next
  WHERE next.job IS NULL OR EXISTS (
    SELECT FROM {jobs} AS job
    WHERE {running_of_key} AND job.type = its.type
  ) OR EXISTS (
    SELECT FROM {jobs} AS job
    WHERE job.id = CASE WHEN next.job <> '' THEN next.job::uuid END AND NOT ({is_unreadable})
      AND EXISTS (SELECT FROM {conduit_workers} AS worker WHERE job.queue = ANY (worker.queues))
      AND NOT EXISTS (
        SELECT FROM {conduit_queues} AS control WHERE control.name = job.queue AND control.paused_at IS NOT NULL
      )
  )
)
