-- What comes of a completion is written by the statement that completes the job, or not at all.
WITH completed AS (
  {complete}
  RETURNING job.id, job.flow
){further}
SELECT pg_catalog.count(*), {then} FROM completed
