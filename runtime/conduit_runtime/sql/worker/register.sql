INSERT INTO {conduit_workers} AS worker
  (name, lock_key, host, pid, queues, lanes, version, keep_completed, keep_failed)
VALUES (%(name)s, %(lock_key)s, %(host)s, %(pid)s, %(queues)s::text[], %(lanes)s::jsonb, %(version)s,
        %(keep_completed)s::float8, %(keep_failed)s::float8)
ON CONFLICT (name) DO UPDATE
SET queues = excluded.queues, lanes = excluded.lanes, heartbeat = worker.heartbeat + 1
