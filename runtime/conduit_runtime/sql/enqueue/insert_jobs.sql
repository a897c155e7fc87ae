-- The insert reads only from the function, so the rows keep its order without a sort.
INSERT INTO {jobs}
  (id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, notifies{headers})
SELECT
  id, queue, type, fingerprint, payload::pg_catalog.jsonb, priority, max_attempts, timeout,
  coalesce(run_at, pg_catalog.now())
    OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => delay),
  {notifies}{headers_json}
FROM unnest(
  %(id)s::pg_catalog.uuid[], %(queue)s::pg_catalog.text[], %(type)s::pg_catalog.text[],
  %(fingerprint)s::pg_catalog.text[], %(payload)s::pg_catalog.text[], %(priority)s::integer[],
  %(max_attempts)s::integer[], %(timeout)s::double precision[],
  %(run_at)s::timestamp with time zone[], %(delay)s::double precision[]{headers_array}
) AS new
  (id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, delay{headers})
