child_jobs AS (
  INSERT INTO {jobs}
    (id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, parent{headers})
  SELECT
    new.id, queue, type, fingerprint, payload::jsonb, priority, max_attempts, timeout,
    coalesce(run_at, pg_catalog.now()) + pg_catalog.make_interval(secs => delay), new.parent{headers_json}
  FROM unnest(
    %(parent)s::uuid[], %(id)s::uuid[], %(queue)s::text[], %(type)s::text[],
    %(fingerprint)s::text[], %(payload)s::text[], %(priority)s::int[], %(max_attempts)s::int[],
    %(timeout)s::float8[], %(run_at)s::timestamptz[], %(delay)s::float8[]{headers_array}
  ) WITH ORDINALITY AS new
    (parent, id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, delay{headers},
     position)
  JOIN completed ON completed.id = new.parent
  ORDER BY position
)
