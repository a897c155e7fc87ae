-- The dependencies after this one, a page at a time, and which of the jobs ended, or are gone, by
-- somebody's own statement: what waits for them does not know yet.
WITH page AS MATERIALIZED (
  SELECT job, next FROM {conduit_dependencies}
  WHERE (job, next) > (%(job)s::uuid, %(next)s::uuid)
  ORDER BY job, next
  LIMIT %(limit)s
)
SELECT job, next,
       NOT EXISTS (
         SELECT FROM {jobs} AS job WHERE job.id = page.job AND job.status IN ('pending', 'running'))
       AND NOT EXISTS (
         SELECT FROM {conduit_blocked_jobs} AS blocked
         WHERE blocked.id = page.job AND blocked.error IS NULL)
FROM page
ORDER BY job, next
