SELECT extract(epoch FROM pg_catalog.min(later.run_at) - pg_catalog.now())::float8
FROM pg_catalog.unnest(%(queues)s::text[]) AS wanted (queue)
CROSS JOIN LATERAL (
{waiting}
) AS lane
JOIN unnest(%(types)s::text[], %(fingerprints)s::text[]) AS known (type, fingerprint)
  ON known.type = lane.type AND known.fingerprint = lane.fingerprint
CROSS JOIN LATERAL (
  SELECT job.run_at FROM {jobs} AS job
  WHERE job.queue = wanted.queue AND job.status = 'pending' AND job.priority = lane.priority
    AND job.type = lane.type AND job.fingerprint = lane.fingerprint
  ORDER BY job.run_at LIMIT 1
) AS later
