-- Claims scanned rows as far as limits by key allow. It parks the others: they leave the lanes, so no claim
-- reads them again until release_keys.sql releases them. What counts already comes before the rows of its
-- key, so sums of weights along them say which rows have room; one that weighs more than a whole limit has
-- it if nothing else counts. Rows behind a parked one of their key, type and queue are parked, too, and with a
-- limit of the queue those behind one of another type that may start; of a type with an order, all rows of a
-- key but the one that is next. In front of each claimed row, or alone: the keys of the rows that it parked; the
-- keys that have room and parked jobs in front; and whether any job is parked.
WITH RECURSIVE {claim/scanned}, limits AS MATERIALIZED (
  SELECT limits.* FROM {conduit_type_limits} AS limits
  WHERE limits.type = ANY (%(counted)s::text[]) AND {has_key_limit}
), controls AS MATERIALIZED (
  SELECT control.name, control.key_concurrency FROM {conduit_queues} AS control
  WHERE control.name = ANY (%(limited)s::text[]) AND control.key_concurrency IS NOT NULL
), found AS MATERIALIZED (
  SELECT job.ctid, job.id, job.queue, job.type, job.key, job.priority, job.run_at, job.seq, scanned.position,
         coalesce(job.weight, 1) AS weight,
         limits.type IS NOT NULL OR controls.name IS NOT NULL AS is_limited, limits.key_order,
         CASE WHEN limits.key_order IS NULL THEN limits.key_concurrency ELSE 1 END AS of_type,
         limits.key_starts AS of_rate, controls.key_concurrency AS of_queue
  FROM pg_catalog.unnest({scan}) WITH ORDINALITY AS scanned (ctid, position)
  JOIN {jobs} AS job ON job.ctid = scanned.ctid
  LEFT JOIN limits ON limits.type = job.type AND job.key IS NOT NULL
  LEFT JOIN controls ON controls.name = job.queue AND job.key IS NOT NULL
), limited AS MATERIALIZED (
  SELECT its.*, its.key_order IS NULL OR next.job = its.id::text AS may_start, next.job <> '' AS has_next
  FROM found AS its CROSS JOIN LATERAL (
    SELECT {next_of_key} AS job FROM (SELECT its.key_order) AS limits
    OFFSET 0  -- so that it is evaluated once
  ) AS next
  WHERE its.is_limited
), counted AS (
  SELECT ctid, key, type, queue, priority, run_at, seq, position, key_order, of_type, of_rate, of_queue,
         has_next, may_start, weight, CASE WHEN may_start THEN weight ELSE 0 END AS jobs,
         CASE WHEN may_start THEN weight ELSE 0 END AS starts
  FROM limited
  UNION ALL
  SELECT NULL, its.key, its.type, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL,
         NULL, NULL, NULL, running.jobs, 0
  FROM (SELECT DISTINCT key, type, of_type FROM limited WHERE of_type IS NOT NULL) AS its
  CROSS JOIN LATERAL (
    SELECT {weighed} AS jobs FROM (
      SELECT job.weight FROM {jobs} AS job
      WHERE {running_of_key} AND job.type = its.type
      LIMIT its.of_type
    ) AS job
  ) AS running
  WHERE running.jobs > 0
  UNION ALL
  SELECT NULL, its.key, NULL, its.queue, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL,
         NULL, NULL, NULL, running.jobs, 0
  FROM (SELECT DISTINCT key, queue, of_queue FROM limited WHERE of_queue IS NOT NULL) AS its
  CROSS JOIN LATERAL (
    SELECT {weighed} AS jobs FROM (
      SELECT job.weight FROM {jobs} AS job
      WHERE {running_of_key} AND job.queue = its.queue
      LIMIT its.of_queue
    ) AS job
  ) AS running
  WHERE running.jobs > 0
  UNION ALL
  SELECT NULL, its.key, its.type, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL,
         NULL, NULL, NULL, 0, recent.starts
  FROM (SELECT DISTINCT key, type FROM limited WHERE of_rate IS NOT NULL) AS its
  JOIN limits ON limits.type = its.type
  CROSS JOIN LATERAL (
    {starts_of_key}
  ) AS recent
  WHERE recent.starts > 0
), fitting AS MATERIALIZED (
  SELECT its.*,
         coalesce(jobs_of_type <= of_type OR jobs_of_type = weight, true)
           AND coalesce(starts_of_type <= of_rate OR starts_of_type = weight, true)
           AND coalesce(jobs_of_queue <= of_queue OR jobs_of_queue = weight, true) AS fits
  FROM (
    SELECT counted.*,
           (pg_catalog.sum(jobs) OVER type_and_key)::bigint + weight - jobs AS jobs_of_type,
           (pg_catalog.sum(starts) OVER type_and_key)::bigint + weight - jobs AS starts_of_type,
           (pg_catalog.sum(jobs) OVER queue_and_key)::bigint + weight - jobs AS jobs_of_queue
    FROM counted
    WINDOW type_and_key AS (PARTITION BY key COLLATE "C", type COLLATE "C" ORDER BY position),
           queue_and_key AS (PARTITION BY key COLLATE "C", queue COLLATE "C" ORDER BY position)
  ) AS its
  WHERE ctid IS NOT NULL
), parking AS MATERIALIZED (
  SELECT EXISTS (SELECT FROM {jobs} AS job WHERE {is_parked} ORDER BY job.key LIMIT 1) AS any_parked
), rivals AS MATERIALIZED (
  -- A limit by key of a queue concerns all its types: a parked job of another type may be first.
  SELECT room.key, room.queue, first.priority, first.run_at, first.seq
  FROM (
    SELECT its.key, its.type, its.queue, room.next_of_type
    FROM (
      SELECT DISTINCT key FROM fitting
      WHERE fits AND of_queue IS NOT NULL AND (SELECT any_parked FROM parking)
    ) AS asked
    {room_of_parked}
    WHERE room.jobs > 0
  ) AS room
  CROSS JOIN LATERAL (
    (SELECT job.priority, job.run_at, job.seq FROM {jobs} AS job
     WHERE {is_parked} AND job.key = room.key AND job.type = room.type AND job.queue = room.queue
       AND room.next_of_type IS NULL
     ORDER BY job.priority DESC, job.run_at, job.seq LIMIT 1)
    UNION ALL
    SELECT job.priority, job.run_at, job.seq FROM {jobs} AS job
    WHERE job.id = CASE WHEN room.next_of_type <> '' THEN room.next_of_type::uuid END
      AND job.queue = room.queue AND coalesce({is_parked}, false)
  ) AS first
), judged AS MATERIALIZED (
  SELECT fitting.ctid, key, type, key_order,
         fits AND may_start AND front.is_behind IS NOT TRUE AND NOT rival.is_first AS starts,
         fits AND (rival.is_first
           OR CASE WHEN key_order IS NULL THEN front.is_behind ELSE has_next AND NOT may_start END) AS overtakes
  FROM fitting
  CROSS JOIN LATERAL (
    SELECT of_queue IS NOT NULL AND EXISTS (
      SELECT FROM rivals AS job WHERE job.key = fitting.key AND job.queue = fitting.queue
        AND (-job.priority, job.run_at, job.seq) < (-fitting.priority, fitting.run_at, fitting.seq)
    ) AS is_first
  ) AS rival
  LEFT JOIN LATERAL (
    SELECT (-job.priority, job.run_at, job.seq) < (-fitting.priority, fitting.run_at, fitting.seq) AS is_behind
    FROM {jobs} AS job
    WHERE fitting.fits AND fitting.key_order IS NULL AND (SELECT any_parked FROM parking)
      AND {is_parked} AND job.key = fitting.key AND job.type = fitting.type AND job.queue = fitting.queue
    ORDER BY job.priority DESC, job.run_at, job.seq LIMIT 1
  ) AS front ON true
), parked AS (
  UPDATE {jobs} AS job SET fingerprint = pg_catalog.concat(job.fingerprint, '~')
  WHERE job.ctid = ANY (ARRAY(SELECT ctid FROM judged WHERE NOT starts))
), claimed AS (
  {take}
)
SELECT result.parked, result.overtaken, pg_catalog.cardinality(result.parked) > 0 OR parking.any_parked,
       {columns}{refusal}
FROM (
  SELECT ARRAY(SELECT DISTINCT key FROM judged WHERE NOT starts) AS parked, ARRAY(
    SELECT key FROM judged GROUP BY key, type
    HAVING pg_catalog.bool_or(overtakes AND key_order IS NULL)
      OR pg_catalog.bool_or(overtakes) AND NOT pg_catalog.bool_or(starts)
  ) AS overtaken
) AS result
CROSS JOIN parking
LEFT JOIN claimed ON true
ORDER BY priority DESC, run_at, seq
