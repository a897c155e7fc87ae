kept AS (
  INSERT INTO {conduit_results} AS kept (job, value, expires_at)
  SELECT result.job, result.value::jsonb, pg_catalog.now() + pg_catalog.make_interval(secs => result.seconds)
  FROM unnest(%(result_of)s::uuid[], %(results)s::text[], %(kept_for)s::float8[])
    AS result (job, value, seconds)
  JOIN completed ON completed.id = result.job
  ON CONFLICT (job) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
)
