WITH completed AS (
  {outcome/complete}
  RETURNING job.id, job.flow
){further}
SELECT pg_catalog.count(*), {advance}{children} FROM completed
