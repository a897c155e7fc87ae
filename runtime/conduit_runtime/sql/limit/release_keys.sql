-- Releases parked jobs of these keys, the most urgent of each type and queue first: as many as the limits of
-- the key have room for, any number if none is left; of a type with an order the one that is next. Together at
-- most so many; then it returns the last key that it came to. A claim that finds that another limit of the key
-- is full parks them again.
WITH asked AS MATERIALIZED (
  SELECT DISTINCT key FROM pg_catalog.unnest(%(keys)s::text[]) AS key WHERE key IS NOT NULL
), room AS MATERIALIZED (
  SELECT its.key, its.type, its.queue, room.jobs, room.next_of_type
  FROM asked
  CROSS JOIN LATERAL (
    WITH RECURSIVE walk AS (
      (SELECT job.type, job.queue FROM {jobs} AS job WHERE {is_parked} AND job.key = asked.key
       ORDER BY job.type, job.queue LIMIT 1)
      UNION ALL
      SELECT next.type, next.queue FROM walk CROSS JOIN LATERAL (
        SELECT job.type, job.queue FROM {jobs} AS job
        WHERE {is_parked} AND job.key = asked.key AND (job.type, job.queue) > (walk.type, walk.queue)
        ORDER BY job.type, job.queue LIMIT 1
      ) AS next
    )
    SELECT asked.key, walk.type, walk.queue FROM walk
  ) AS its
  CROSS JOIN LATERAL (
    SELECT greatest(0, coalesce(least((
      {room_of_key}
    ), (
      SELECT control.key_concurrency - (
        SELECT {weighed} FROM (
          SELECT job.weight FROM {jobs} AS job
          WHERE {running_of_key} AND job.queue = its.queue
          LIMIT control.key_concurrency
        ) AS job
      ) FROM {conduit_queues} AS control WHERE control.name = its.queue
    )), %(most)s::integer)) AS jobs, (
      SELECT CASE WHEN limits.key_order IS NOT NULL AND EXISTS (
        SELECT FROM {jobs} AS job
        WHERE {running_of_key} AND job.type = its.type
      ) THEN '' ELSE {next_of_key} END
      FROM {conduit_type_limits} AS limits WHERE limits.type = its.type
    ) AS next_of_type
    OFFSET 0  -- so that it is evaluated once
  ) AS room
  WHERE room.jobs > 0
  ORDER BY its.key
), first AS MATERIALIZED (
  SELECT parked.ctid, room.key FROM room
  CROSS JOIN LATERAL (
    SELECT job.ctid FROM {jobs} AS job
    WHERE {is_parked} AND job.key = room.key AND job.type = room.type AND job.queue = room.queue
      AND room.next_of_type IS NULL
    ORDER BY job.priority DESC, job.run_at, job.seq
    LIMIT room.jobs
    FOR UPDATE SKIP LOCKED
  ) AS parked
  LIMIT %(most)s
), changed AS (
  UPDATE {jobs} AS job SET fingerprint = {lane_of}
  WHERE job.ctid = ANY (pg_catalog.array_cat(ARRAY(SELECT ctid FROM first), ARRAY(
    SELECT next.ctid FROM room
    CROSS JOIN LATERAL (
      SELECT job.ctid FROM {jobs} AS job
      WHERE job.id = CASE WHEN room.next_of_type <> '' THEN room.next_of_type::uuid END
        -- coalesce() keeps the planner from the indexes of pending rows, so it uses the id.
        AND job.queue = room.queue AND coalesce({is_parked}, false)
      FOR UPDATE SKIP LOCKED
    ) AS next
  )))
  RETURNING job.queue
), notified AS (
  SELECT pg_catalog.pg_notify({queue_channel}, 'late') AS sent
  FROM changed
  WHERE {wakes} AND queue <> ALL (%(queues)s::text[])
  GROUP BY queue
)
SELECT (SELECT pg_catalog.max(key) FROM first HAVING pg_catalog.count(*) = %(most)s::bigint),
       (SELECT pg_catalog.count(sent) FROM notified)
