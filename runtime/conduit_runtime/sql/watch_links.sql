-- The jobs after this one that flows of others wait for, a page of them: those that ended let go of
-- what waits.
WITH RECURSIVE watched AS (
  (SELECT job FROM {conduit_dependencies} WHERE watched AND job > %(job)s::uuid ORDER BY job LIMIT 1)
  UNION ALL
  SELECT (
    SELECT link.job FROM {conduit_dependencies} AS link
    WHERE link.watched AND link.job > watched.job
    ORDER BY link.job
    LIMIT 1
  ) FROM watched
  WHERE watched.job IS NOT NULL
), page AS MATERIALIZED (
  SELECT job FROM watched WHERE job IS NOT NULL LIMIT %(limit)s
), advanced AS MATERIALIZED (
  SELECT {conduit_advance}(pg_catalog.array_agg(job), '{}'::uuid[])
  FROM page
  WHERE NOT EXISTS (
      SELECT FROM {jobs} AS job WHERE job.id = page.job AND job.status IN ('pending', 'running'))
    AND NOT EXISTS (SELECT FROM {conduit_blocked_jobs} AS waiting WHERE waiting.id = page.job)
  HAVING pg_catalog.count(*) > 0
)
SELECT pg_catalog.max(job::text)::uuid, pg_catalog.count(*),
       (SELECT pg_catalog.count(*) FROM advanced)
FROM page
