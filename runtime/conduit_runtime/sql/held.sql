-- Of the keys that are asked for, which job holds each: the one that stands or else the first that
-- asks. A key that another transaction holds is waited for; whether its job stands is looked up
-- after that.
{holding} AS (
  INSERT INTO {conduit_unique_keys} AS held (type, key, job, expires_at)
  SELECT DISTINCT ON (type, key)
    type, key, id, pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => unique_for)
  FROM {asking}
  WHERE key IS NOT NULL
  ORDER BY type, key, position
  ON CONFLICT (type, key) DO UPDATE SET (job, expires_at) = (
    SELECT CASE WHEN stands THEN held.job ELSE excluded.job END,
           CASE WHEN stands THEN held.expires_at ELSE excluded.expires_at END
    FROM (SELECT {conduit_key_is_held}(held.job, held.expires_at) AS stands OFFSET 0) AS present
  )
  RETURNING type, key, job
)
