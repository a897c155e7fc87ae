-- A job. A payload or result that is too large to show is replaced by its size in characters.
SELECT {columns}, 0, (
  SELECT CASE WHEN pg_catalog.pg_column_size(value) <= 10000
      OR pg_catalog.octet_length(value::text) <= %(most)s::integer
    THEN value::text ELSE '"too large to show"' END
  FROM {conduit_results}
  WHERE job = jobs.id AND jobs.status = 'completed' AND expires_at > pg_catalog.now()
), {too_large}
FROM {jobs} AS jobs
WHERE id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT {columns}, waits_for, NULL, {too_large} FROM (
{blocked_jobs}
) AS blocked
