SELECT {columns}, 0, (
  SELECT value::text FROM {conduit_results}
  WHERE job = jobs.id AND jobs.status = 'completed' AND expires_at > pg_catalog.now()
)
FROM {jobs} AS jobs
WHERE id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT {columns}, waits_for, NULL FROM (
{blocked_jobs}
) AS blocked
