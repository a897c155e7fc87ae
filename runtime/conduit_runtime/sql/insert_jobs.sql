-- Nothing but the function stands beneath the insert, so the rows come in its order without a sort.
INSERT INTO {jobs}
  (id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, rings{trace})
SELECT
  id, queue, type, fingerprint, payload::jsonb, priority, max_attempts, timeout,
  coalesce(run_at, pg_catalog.now()) + pg_catalog.make_interval(secs => delay),
  {rings}{trace_json}
FROM unnest(
  %(id)s::uuid[], %(queue)s::text[], %(type)s::text[], %(fingerprint)s::text[],
  %(payload)s::text[], %(priority)s::int[], %(max_attempts)s::int[], %(timeout)s::float8[],
  %(run_at)s::timestamptz[], %(delay)s::float8[]{traces}
) AS new
  (id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, delay{trace})
