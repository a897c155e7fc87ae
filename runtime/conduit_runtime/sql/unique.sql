-- Of the jobs in `asked`, those whose key is free, and those without one. A key that another
-- transaction holds is waited for; whether its job stands is looked up after that.
held AS (
  INSERT INTO {conduit_keys} AS held (type, key, job, expires_at)
  SELECT DISTINCT ON (type, key)
    type, key, id, clock_timestamp() + make_interval(secs => unique_for)
  FROM asked
  WHERE key IS NOT NULL
  ORDER BY type, key, position
  ON CONFLICT (type, key) DO UPDATE SET (job, expires_at) = (
    SELECT CASE WHEN stands THEN held.job ELSE excluded.job END,
           CASE WHEN stands THEN held.expires_at ELSE excluded.expires_at END
    FROM (SELECT {conduit_stands}(held.job, held.expires_at) AS stands OFFSET 0) AS present
  )
  RETURNING type, key, job
), born AS (
  INSERT INTO {jobs}
    (id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at{trace})
  SELECT
    id, queue, asked.type, fingerprint, payload::jsonb, priority, max_attempts, timeout,
    coalesce(run_at, now()) + make_interval(secs => delay){trace_json}
  FROM asked LEFT JOIN held ON held.type = asked.type AND held.key = asked.key
  WHERE asked.key IS NULL OR held.job = asked.id
  ORDER BY position
)
