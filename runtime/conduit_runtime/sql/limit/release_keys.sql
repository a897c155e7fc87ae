-- Releases parked jobs of these keys, the most urgent of each type and queue first: as many as the limits of
-- the key have room for, any number if none is left; of a type with an order the one that is next. Together at
-- most so many; then it returns the last key that it came to. It also returns the keys of which it could release
-- none, since other transactions hold them. A claim that finds that another limit of the key is full parks them
-- again.
WITH asked AS MATERIALIZED (
  SELECT DISTINCT key FROM pg_catalog.unnest(%(keys)s::text[]) AS key WHERE key IS NOT NULL
), room AS MATERIALIZED (
  SELECT its.key, its.type, its.queue, room.jobs, room.next_of_type
  FROM asked
  {room_of_parked}
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
), next AS MATERIALIZED (
  SELECT next.ctid, room.key, room.type, room.queue FROM room
  CROSS JOIN LATERAL (
    SELECT job.ctid FROM {jobs} AS job
    WHERE job.id = CASE WHEN room.next_of_type <> '' THEN room.next_of_type::uuid END
      -- coalesce() keeps the planner from the indexes of pending rows, so it uses the id.
      AND job.queue = room.queue AND coalesce({is_parked}, false)
  ) AS next
), changed AS (
  UPDATE {jobs} AS job SET fingerprint = {lane_of}
  WHERE job.ctid = ANY (pg_catalog.array_cat(ARRAY(SELECT ctid FROM first), ARRAY(
    SELECT job.ctid FROM {jobs} AS job
    WHERE job.ctid = ANY (ARRAY(SELECT ctid FROM next)) AND coalesce({is_parked}, false)
    FOR UPDATE SKIP LOCKED
  )))
  RETURNING job.queue, job.type, job.fingerprint, job.key
), notified AS (
  SELECT pg_catalog.pg_notify({queue_channel}, 'late') AS sent
  FROM changed
  WHERE {wakes} AND (queue <> ALL (%(queues)s::text[]) OR (type, fingerprint) NOT IN (
    SELECT type, fingerprint FROM unnest(%(types)s::text[], %(fingerprints)s::text[]) AS lane (type, fingerprint)
  ))
  GROUP BY queue
)
SELECT (SELECT pg_catalog.max(key) FROM first HAVING pg_catalog.count(*) = %(most)s::bigint),
       ARRAY(
         SELECT key FROM (
           SELECT key, type, queue FROM room WHERE next_of_type IS NULL
           UNION ALL
           SELECT key, type, queue FROM next
           EXCEPT
           SELECT key, type, queue FROM changed
         ) AS held
         WHERE (SELECT pg_catalog.count(*) FROM first) < %(most)s::bigint
       ),
       (SELECT pg_catalog.count(sent) FROM notified)
