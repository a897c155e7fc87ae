-- The statement that completes the jobs also writes their results and child jobs.
WITH completed AS (
  {outcome/complete}
  RETURNING job.id, job.flow
){further}
SELECT pg_catalog.count(*), {advance}{children} FROM completed
