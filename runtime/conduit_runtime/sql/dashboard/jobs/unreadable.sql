-- The lanes of pending jobs, each with its jobs if no code could read them. A readable lane is a row
-- without a job, so that it counts as scanned, too. OFFSET 0 keeps Postgres from reading its jobs.
SELECT job.*
FROM ({queues}) AS waiting
CROSS JOIN LATERAL ({waiting}) AS lane
LEFT JOIN LATERAL (
  SELECT * FROM {jobs}
  WHERE pg_catalog.strpos(lane.fingerprint, '!') > 0 AND status = 'pending'
    AND queue = waiting.queue AND priority = lane.priority AND type = lane.type
    AND fingerprint = lane.fingerprint
  OFFSET 0
) AS job ON true
LIMIT %(scanned)s::bigint
