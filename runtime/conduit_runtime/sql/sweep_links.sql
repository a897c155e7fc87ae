-- The links after this one, a page at a time: jobs that ended, or are gone, by somebody's own
-- statement let go of what waits for them.
WITH page AS MATERIALIZED (
  SELECT job, next FROM {conduit_dependencies}
  WHERE (job, next) > (%(job)s::uuid, %(next)s::uuid)
  ORDER BY job, next
  LIMIT %(limit)s
), advanced AS MATERIALIZED (
  SELECT {conduit_advance}(pg_catalog.array_agg(DISTINCT job), '{}'::uuid[])
  FROM page
  WHERE NOT EXISTS (
      SELECT FROM {jobs} AS job WHERE job.id = page.job AND job.status IN ('pending', 'running'))
    AND NOT EXISTS (SELECT FROM {conduit_blocked_jobs} AS waiting WHERE waiting.id = page.job)
)
SELECT job, next, (SELECT pg_catalog.count(*) FROM advanced) FROM page ORDER BY job, next
