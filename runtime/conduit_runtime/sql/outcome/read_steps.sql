-- The records of steps of jobs that these claims still hold.
SELECT job.id, job.token, step.names, step.values
FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) AS asked (id, token)
JOIN {jobs} AS job ON job.id = asked.id
CROSS JOIN LATERAL (
  SELECT pg_catalog.array_agg(name) AS names, pg_catalog.array_agg(value::text) AS values
  FROM {conduit_steps} WHERE conduit_steps.job = asked.id
) AS step
WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
