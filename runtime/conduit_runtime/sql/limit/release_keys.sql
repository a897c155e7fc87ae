-- Releases parked jobs of these keys, the most urgent first: of each type as many as its limit has
-- room for; of a type with an order the one that is next. A claim that finds that another limit of the
-- key is full parks them again. Where no type limits the key, as many as its queue allows at once; a
-- thousand if no limit is left.
WITH asked AS MATERIALIZED (
  SELECT DISTINCT key FROM pg_catalog.unnest(%(keys)s::text[]) AS key WHERE key IS NOT NULL
), room AS MATERIALIZED (
    SELECT its.key, its.type, room.jobs, room.next_of_type
    FROM asked
    CROSS JOIN LATERAL (
      WITH RECURSIVE walk AS (
        (SELECT job.type FROM {jobs} AS job WHERE {is_parked} AND job.key = asked.key
         ORDER BY job.type LIMIT 1)
        UNION ALL
        SELECT (SELECT job.type FROM {jobs} AS job
                WHERE {is_parked} AND job.key = asked.key AND job.type > walk.type
                ORDER BY job.type LIMIT 1)
        FROM walk WHERE walk.type IS NOT NULL
      )
      SELECT asked.key, walk.type FROM walk WHERE walk.type IS NOT NULL
    ) AS its
    CROSS JOIN LATERAL (
      SELECT greatest(0, coalesce((
        {room_of_key}
      ), (SELECT pg_catalog.max(key_concurrency) FROM {conduit_queues}), 1000)) AS jobs, (
        SELECT CASE WHEN limits.key_order IS NOT NULL AND EXISTS (
          SELECT FROM {jobs} AS job
          WHERE job.status = 'running' AND job.key = its.key AND job.type = its.type
        ) THEN '' ELSE {next_of_key} END
        FROM {conduit_type_limits} AS limits WHERE limits.type = its.type
      ) AS next_of_type
      OFFSET 0  -- so that it is evaluated once
    ) AS room
), changed AS (
  UPDATE {jobs} AS job SET fingerprint = {lane_of}
  WHERE job.ctid = ANY (pg_catalog.array_cat(ARRAY(
    SELECT next.ctid FROM room
    CROSS JOIN LATERAL (
      SELECT job.ctid FROM {jobs} AS job
      WHERE job.id = CASE WHEN room.next_of_type <> '' THEN room.next_of_type::uuid END
        AND room.jobs > 0 AND {is_parked}
      FOR UPDATE SKIP LOCKED
    ) AS next
  ), ARRAY(
    SELECT first.ctid FROM room
    CROSS JOIN LATERAL (
      SELECT job.ctid FROM {jobs} AS job
      WHERE {is_parked} AND job.key = room.key AND job.type = room.type AND room.next_of_type IS NULL
      ORDER BY job.priority DESC, job.run_at, job.seq
      LIMIT room.jobs
      FOR UPDATE SKIP LOCKED
    ) AS first
  )))
  RETURNING job.queue, job.run_at
)
SELECT pg_catalog.pg_notify({queue_channel}, 'late')
FROM changed
WHERE {wakes} AND queue <> ALL (%(queues)s::text[])
GROUP BY queue
