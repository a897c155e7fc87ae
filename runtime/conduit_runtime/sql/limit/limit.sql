WITH control AS (
  INSERT INTO {conduit_queues} AS queue (name, concurrency)
  VALUES (%(queue)s, %(concurrency)s::integer)
  ON CONFLICT (name) DO UPDATE SET concurrency = excluded.concurrency
  RETURNING queue.name
)
{notify_workers}
