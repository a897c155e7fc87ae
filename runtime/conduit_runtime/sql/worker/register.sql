INSERT INTO {conduit_workers} AS worker (name, lock_key, host, pid, queues, lanes)
VALUES (%(name)s, %(lock_key)s, %(host)s, %(pid)s, %(queues)s::text[], %(lanes)s::jsonb)
ON CONFLICT (name) DO UPDATE
SET queues = excluded.queues, lanes = excluded.lanes, heartbeat = worker.heartbeat + 1
