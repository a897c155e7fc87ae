-- The statement that writes a failure also releases the jobs that wait for it. A job that is
-- released long after it was due sends a notification.
WITH ended AS (
  {end_attempt}
  RETURNING job.id, job.flow, job.status, job.run_at, job.queue
)
SELECT pg_catalog.array_agg(id), {advance}, pg_catalog.count(
  CASE WHEN status = 'pending' AND run_at < pg_catalog.now() - interval '5 seconds'
      AND {wakes}
    THEN pg_catalog.pg_notify(
      {queue_channel}, 'late') END
) FROM ended
