-- What waits for a job that failed hears of it by the statement that writes so.
WITH ended AS (
  {end}
  RETURNING job.id
)
SELECT array_agg(id){then} FROM ended
