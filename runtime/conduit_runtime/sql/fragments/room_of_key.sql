-- How many more jobs of a type with this key may start now; NULL: any number.
SELECT least(
  limits.key_concurrency - (
    SELECT {weighed} FROM (
      SELECT job.weight FROM {jobs} AS job
      WHERE {running_of_key} AND job.type = its.type
      LIMIT limits.key_concurrency
    ) AS job
  ),
  limits.key_starts - (
    {starts_of_key}
  )
) FROM {conduit_type_limits} AS limits WHERE limits.type = its.type
