INSERT INTO {jobs}
  (id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, rings)
VALUES (
  %(id)s, %(queue)s, %(type)s, %(fingerprint)s, %(payload)s::jsonb,
  %(priority)s, %(max_attempts)s, %(timeout)s::float8,
  coalesce(%(run_at)s::timestamptz, pg_catalog.now()) + pg_catalog.make_interval(secs => %(delay)s::float8),
  {rings}
)
