-- One page of the records after this one, without those of jobs that have completed or are gone: a
-- statement that is not ours ended or deleted them, or an attempt that did not know of the records.
WITH page AS MATERIALIZED (
  SELECT job, name FROM {conduit_steps}
  WHERE (job, name) > (%(job)s::uuid, %(name)s::text)
  ORDER BY job, name
  LIMIT %(limit)s
), gone AS (
  DELETE FROM {conduit_steps} AS step USING page
  WHERE step.job = page.job AND step.name = page.name
    AND NOT EXISTS (SELECT FROM {jobs} AS job WHERE job.id = page.job AND job.status <> 'completed')
)
SELECT job, name FROM page ORDER BY job, name
