INSERT INTO {jobs}
  (id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, notifies)
VALUES (
  %(id)s, %(queue)s, %(type)s, %(fingerprint)s, %(payload)s::pg_catalog.jsonb,
  %(priority)s, %(max_attempts)s, %(timeout)s::double precision,
  coalesce(%(run_at)s::timestamp with time zone, pg_catalog.now())
    OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => %(delay)s::double precision),
  {notifies}
)
