WITH RECURSIVE watched AS (
  (SELECT job FROM {conduit_dependencies} WHERE watched AND job > %(job)s::uuid ORDER BY job LIMIT 1)
  UNION ALL
  SELECT (
    SELECT dependency.job FROM {conduit_dependencies} AS dependency
    WHERE dependency.watched AND dependency.job > watched.job
    ORDER BY dependency.job
    LIMIT 1
  ) FROM watched
  WHERE watched.job IS NOT NULL
), page AS MATERIALIZED (
  SELECT job FROM watched WHERE job IS NOT NULL LIMIT %(limit)s
)
SELECT job,
       {has_ended}
FROM page
