-- The lanes of pending jobs, each with its jobs if no code could read them. Lanes that are read well
-- are rows without a job, so that they count as scanned, too. Because of OFFSET 0 their jobs are not read.
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
