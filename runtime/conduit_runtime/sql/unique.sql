-- Of the jobs in `asked`, those whose key is free, and those without one.
{held}, born AS (
  INSERT INTO {jobs}
    (id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at{trace})
  SELECT
    id, queue, asked.type, fingerprint, payload::jsonb, priority, max_attempts, timeout,
    coalesce(run_at, pg_catalog.now()) + pg_catalog.make_interval(secs => delay){trace_json}
  FROM asked LEFT JOIN held ON held.type = asked.type AND held.key = asked.key
  WHERE asked.key IS NULL OR held.job = asked.id
  ORDER BY position
)
