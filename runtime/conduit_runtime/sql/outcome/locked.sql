-- Which of the held jobs are locked against an update by others; does not wait for the locks.
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) AS asked (id, token)
), free AS MATERIALIZED (
  SELECT job.id FROM asked JOIN {jobs} AS job ON job.id = asked.id
  WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
  FOR NO KEY UPDATE OF job SKIP LOCKED
)
SELECT job.id FROM asked JOIN {jobs} AS job ON job.id = asked.id
WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
  AND NOT EXISTS (SELECT FROM free WHERE free.id = job.id)
