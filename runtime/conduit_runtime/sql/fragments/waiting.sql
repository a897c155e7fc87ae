-- The priorities, types and fingerprints that wait in a queue: the walk skips from one index entry
-- to the next different one.
WITH RECURSIVE walk AS (
  (SELECT priority, type, fingerprint FROM {jobs}
   WHERE queue = {queue} AND status = 'pending'
   ORDER BY priority DESC, type, fingerprint LIMIT 1)
  UNION ALL
  SELECT next.priority, next.type, next.fingerprint
  FROM walk
  CROSS JOIN LATERAL (
    (SELECT job.priority, job.type, job.fingerprint FROM {jobs} AS job
     WHERE job.queue = {queue} AND job.status = 'pending' AND job.priority = walk.priority
       AND (job.type, job.fingerprint) > (walk.type, walk.fingerprint)
     ORDER BY job.type, job.fingerprint LIMIT 1)
    UNION ALL
    (SELECT job.priority, job.type, job.fingerprint FROM {jobs} AS job
     WHERE job.queue = {queue} AND job.status = 'pending' AND job.priority < walk.priority
     ORDER BY job.priority DESC, job.type, job.fingerprint LIMIT 1)
    LIMIT 1
  ) AS next
)
SELECT priority, type, fingerprint FROM walk
