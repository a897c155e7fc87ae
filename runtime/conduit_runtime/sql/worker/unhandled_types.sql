-- Returns the lanes of unreadable jobs even if a live worker handles their types and shapes. Parked jobs
-- count as those of the lane to which they return.
SELECT queue, type, fingerprint, is_handled
FROM (
  SELECT DISTINCT wanted.queue, lane.type, {lane_of} AS fingerprint
  FROM pg_catalog.unnest(%(queues)s::text[]) AS wanted (queue)
  CROSS JOIN LATERAL (
{waiting}
  ) AS lane
) AS job
CROSS JOIN LATERAL (
  SELECT EXISTS (
    SELECT FROM {conduit_workers} AS worker
    WHERE job.queue = ANY (worker.queues)
      AND worker.lanes @> pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_array(job.type, {original}))
  ) AS is_handled
) AS known
WHERE NOT is_handled OR {is_unreadable}
