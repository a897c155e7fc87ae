-- The keys of parked jobs from this one on, or behind it, in order.
WITH RECURSIVE walk AS (
  (SELECT job.key, 1 AS place FROM {jobs} AS job
   WHERE {is_parked} AND {is_behind}
   ORDER BY job.key LIMIT 1)
  UNION ALL
  SELECT next.key, walk.place + 1
  FROM walk CROSS JOIN LATERAL (
    SELECT job.key FROM {jobs} AS job WHERE {is_parked} AND job.key > walk.key
    ORDER BY job.key LIMIT 1
  ) AS next
  WHERE walk.place < %(limit)s
)
SELECT key FROM walk
