-- The queues that hold pending jobs: the walk skips from one to the next.
WITH RECURSIVE walk AS (
  (SELECT queue FROM {jobs} WHERE status = 'pending' ORDER BY queue LIMIT 1)
  UNION ALL
  SELECT next.queue
  FROM walk
  CROSS JOIN LATERAL (
    SELECT job.queue FROM {jobs} AS job
    WHERE job.status = 'pending' AND job.queue > walk.queue
    ORDER BY job.queue LIMIT 1
  ) AS next
)
SELECT queue FROM walk
