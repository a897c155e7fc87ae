-- Locks due rows, and parks those whose key has no room: they leave the lanes, so no claim reads them
-- again until release_keys.sql releases them. A key has room for as many jobs as may run and start less
-- those that do. Rows behind a parked one of their key and queue are parked, too; of a type with an
-- order, all rows of a key but the one that is next. Returns the ids of the others, in order; how many
-- were parked; the keys that have room and parked jobs in front; and whether any job is parked.
WITH RECURSIVE {claim/scanned}, found AS MATERIALIZED (
  SELECT job.ctid, job.id, job.queue, job.type, job.key, job.priority, job.run_at, job.seq, chosen.position
  FROM pg_catalog.unnest({rows}) WITH ORDINALITY AS chosen (ctid, position)
  JOIN {jobs} AS job ON job.ctid = chosen.ctid
), used AS MATERIALIZED (
  -- What no limit asks for is not looked up for each key.
  SELECT EXISTS (SELECT FROM {conduit_type_limits} WHERE key_order IS NOT NULL) AS any_order,
         EXISTS (SELECT FROM {conduit_queues} WHERE key_concurrency IS NOT NULL) AS any_of_queue,
         EXISTS (SELECT FROM {jobs} AS job WHERE {is_parked} ORDER BY job.key LIMIT 1) AS any_parked
), numbered AS MATERIALIZED (
  SELECT found.*,
         pg_catalog.row_number() OVER (PARTITION BY type, key ORDER BY position) AS nth_of_type,
         pg_catalog.row_number() OVER (PARTITION BY queue, key ORDER BY position) AS nth_of_queue,
         pg_catalog.row_number() OVER (PARTITION BY queue, type, key ORDER BY position) AS nth
  FROM found WHERE key IS NOT NULL
), facts AS MATERIALIZED (
  -- What is known of a key stands in its first row, so that it is read once.
  SELECT head.*,
         CASE WHEN nth_of_type = 1 THEN (
           {room_of_key}
         ) END AS of_type,
         CASE WHEN nth_of_type = 1 AND used.any_order THEN (
           {next_of_key}
         ) END AS next_of_type,
         CASE WHEN nth_of_queue = 1 AND used.any_of_queue THEN (
           SELECT control.key_concurrency - (
             SELECT pg_catalog.count(*) FROM (
               SELECT FROM {jobs} AS job
               WHERE job.status = 'running' AND job.key = head.key AND job.queue = head.queue
               LIMIT control.key_concurrency
             ) AS running
           ) FROM {conduit_queues} AS control WHERE control.name = head.queue
         ) END AS of_queue,
         CASE WHEN nth = 1 AND used.any_parked THEN (
           SELECT (-parked.priority, parked.run_at, parked.seq) < (-head.priority, head.run_at, head.seq)
           FROM (
             SELECT job.priority, job.run_at, job.seq FROM {jobs} AS job
             WHERE {is_parked} AND job.key = head.key AND job.type = head.type AND job.queue = head.queue
             ORDER BY job.priority DESC, job.run_at, job.seq LIMIT 1
           ) AS parked
         ) END AS behind
  FROM numbered AS head CROSS JOIN used
), judged AS MATERIALIZED (
  SELECT ctid, id, key, position,
         CASE WHEN next_of_type IS NULL THEN coalesce(behind, false) ELSE id::text <> next_of_type END AS behind,
         CASE WHEN next_of_type IS NULL
             THEN coalesce(nth_of_type <= of_type, true) AND coalesce(nth_of_queue <= of_queue, true)
           ELSE next_of_type <> '' AND coalesce(of_type > 0, true) AND coalesce(of_queue > 0, true) END AS fits,
         pg_catalog.bool_or(id::text = next_of_type) OVER (PARTITION BY type, key) AS is_first_here
  FROM (
    SELECT ctid, id, type, key, position, nth_of_type, nth_of_queue,
           pg_catalog.max(next_of_type) OVER (PARTITION BY type, key) AS next_of_type,
           pg_catalog.max(of_type) OVER (PARTITION BY type, key) AS of_type,
           pg_catalog.max(of_queue) OVER (PARTITION BY queue, key) AS of_queue,
           pg_catalog.bool_or(behind) OVER (PARTITION BY queue, type, key) AS behind
    FROM facts
  ) AS spread
  UNION ALL
  SELECT ctid, id, NULL, position, false, true, NULL FROM found WHERE key IS NULL
), parked AS (
  UPDATE {jobs} AS job SET fingerprint = pg_catalog.concat(job.fingerprint, '~')
  WHERE job.ctid = ANY (ARRAY(SELECT ctid FROM judged WHERE behind OR NOT fits))
)
SELECT pg_catalog.array_agg(id ORDER BY position) FILTER (WHERE fits AND NOT behind),
       pg_catalog.count(*) FILTER (WHERE behind OR NOT fits),
       pg_catalog.array_agg(DISTINCT key) FILTER (WHERE behind AND fits AND is_first_here IS NOT TRUE),
       coalesce(pg_catalog.bool_or(behind OR NOT fits), false)
         OR (SELECT any_parked FROM used)
FROM judged
