INSERT INTO {conduit_workers} AS worker
  (name, lock_key, host, pid, queues, lanes, version, keep_completed, keep_failed,
   limits, started_at)
VALUES (%(name)s, %(lock_key)s, %(host)s, %(pid)s, %(queues)s::text[], %(lanes)s::jsonb, %(version)s,
        %(keep_completed)s::float8, %(keep_failed)s::float8, %(limits)s::jsonb,
        pg_catalog.now() - pg_catalog.make_interval(secs => %(age)s))
ON CONFLICT (name) DO UPDATE
SET queues = excluded.queues, lanes = excluded.lanes, limits = excluded.limits,
    heartbeat = worker.heartbeat + 1
