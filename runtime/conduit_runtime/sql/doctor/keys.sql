-- The key that most of the first due jobs of each of these queues have: how many, and of how many.
SELECT given.queue, first.key, first.jobs, first.due
FROM pg_catalog.unnest(%(queues)s::text[]) AS given (queue)
CROSS JOIN LATERAL (
  SELECT due.key, pg_catalog.count(*) AS jobs,
         pg_catalog.sum(pg_catalog.count(*)) OVER ()::bigint AS due
  FROM (
    SELECT job.key FROM {jobs} AS job
    WHERE job.queue = given.queue AND job.status = 'pending' AND job.run_at <= pg_catalog.now()
    ORDER BY job.priority DESC, job.type, job.fingerprint, job.run_at, job.seq
    LIMIT %(most)s
  ) AS due
  GROUP BY due.key
  ORDER BY due.key IS NULL, 2 DESC, due.key
  LIMIT 1
) AS first
WHERE first.key IS NOT NULL
ORDER BY given.queue
