-- The pending and running jobs of these types that have finished steps, by lane and by the names of
-- these steps: their number, the age of the oldest in seconds, and the ids of two.
SELECT queue, type, fingerprint, status, pg_catalog.count(*), false,
       extract(epoch FROM pg_catalog.now() - pg_catalog.min(created_at))::float8,
       ARRAY[pg_catalog.min(id::text COLLATE "C"), pg_catalog.max(id::text COLLATE "C")]::uuid[]
FROM (
  SELECT job.id, job.queue, job.type, job.fingerprint, job.created_at,
         CASE WHEN job.status = 'pending' AND job.run_at > pg_catalog.now() THEN 'scheduled'
           ELSE job.status END AS status,
         pg_catalog.array_agg(step.name ORDER BY step.name) AS names
  FROM {conduit_steps} AS step
  JOIN {jobs} AS job ON job.id = step.job
  WHERE job.status IN ('pending', 'running') AND job.type = ANY (%(types)s::text[])
    AND step.value IS NOT NULL -- it is NULL while the job waits for a signal
  GROUP BY job.id
) AS stopped
GROUP BY queue, type, fingerprint, status, names
