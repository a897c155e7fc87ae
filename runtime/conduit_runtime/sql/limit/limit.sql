WITH control AS (
  INSERT INTO {conduit_queues} AS queue (name, {column})
  VALUES (%(queue)s, %(concurrency)s::integer)
  ON CONFLICT (name) DO UPDATE SET {column} = excluded.{column}
  RETURNING queue.name
)
{notify_workers}
