-- What waits for a job that failed hears of it by the statement that writes so, and of one that was
-- handed back long after its time those who look for jobs.
WITH ended AS (
  {end}
  RETURNING job.id, job.status, job.run_at, job.queue, job.tableoid
)
SELECT array_agg(id), count(
  CASE WHEN status = 'pending' AND run_at < now() - interval '5 seconds'
      AND current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
    THEN pg_notify(concat('conduit_', tableoid, '_', hashtext(queue)), 'late') END
){then} FROM ended
