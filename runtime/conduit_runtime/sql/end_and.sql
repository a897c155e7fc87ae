-- What waits for a job that failed hears of it by the statement that writes so, and of one that was
-- handed back long after its time those who look for jobs.
WITH ended AS (
  {end}
  RETURNING job.id, job.flow, job.status, job.run_at, job.queue, job.tableoid
)
SELECT pg_catalog.array_agg(id), {then}, pg_catalog.count(
  CASE WHEN status = 'pending' AND run_at < pg_catalog.now() - interval '5 seconds'
      AND pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
    THEN pg_catalog.pg_notify(
      pg_catalog.concat('conduit_', tableoid, '_', pg_catalog.hashtext(queue)), 'late') END
) FROM ended
