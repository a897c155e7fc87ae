-- Corrects for how many a running job counts, from now on and in the rates that have counted its start. What
-- it used beyond its weight counts from now. What it did not use is taken from the first starts since its
-- claim: those that end no later than its own, so that no period gets more than it may. If the rate was
-- exhausted, workers that wait for the next period hear that there is room.
WITH held AS MATERIALIZED (
  SELECT job.id, job.queue, job.type, job.key, job.locked_at, %(weight)s::bigint - coalesce(job.weight, 1) AS more
  FROM {jobs} AS job
  WHERE job.id = %(id)s AND job.token = %(token)s AND coalesce(job.status = 'running', false)
  FOR UPDATE
), corrected AS (
  UPDATE {jobs} AS job SET weight = %(weight)s FROM held WHERE job.id = held.id AND held.more <> 0
), rate AS MATERIALIZED (
  SELECT held.type, held.locked_at, held.more, limits.starts, limits.seconds
  FROM held JOIN {conduit_type_limits} AS limits ON limits.type = held.type
  WHERE limits.starts IS NOT NULL
), added AS (
  INSERT INTO {conduit_rate_usage} AS start (type, until, starts)
  SELECT rate.type, {rate_step}, rate.more FROM rate WHERE rate.more > 0
  ON CONFLICT (type, until) DO UPDATE SET starts = start.starts + excluded.starts
), taken AS (
  UPDATE {conduit_rate_usage} AS start SET starts = greatest(0, start.starts - its.taken)
  FROM (
    SELECT start.type, start.until,
           least(start.starts, -rate.more - coalesce(pg_catalog.sum(start.starts) OVER before, 0)) AS taken
    FROM rate JOIN {conduit_rate_usage} AS start ON start.type = rate.type AND start.until > rate.locked_at
    WHERE rate.more < 0
    WINDOW before AS (ORDER BY start.until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ) AS its
  WHERE start.type = its.type AND start.until = its.until AND its.taken > 0
), limits AS MATERIALIZED (
  SELECT held.type, held.key, held.locked_at, held.more, limits.key_seconds
  FROM held JOIN {conduit_type_limits} AS limits ON limits.type = held.type
  WHERE limits.key_starts IS NOT NULL AND held.key IS NOT NULL
), added_to_key AS (
  INSERT INTO {conduit_key_usage} AS start (type, key, until, starts, kept_until)
  SELECT limits.type, limits.key, step.until, limits.more,
         step.until + pg_catalog.make_interval(secs => {key_window})
  FROM limits CROSS JOIN LATERAL (SELECT {key_step} AS until OFFSET 0) AS step
  WHERE limits.more > 0
  ON CONFLICT (type, key, until) DO UPDATE SET starts = start.starts + excluded.starts
), taken_from_key AS (
  UPDATE {conduit_key_usage} AS start SET starts = greatest(0, start.starts - its.taken)
  FROM (
    SELECT start.type, start.key, start.until,
           least(start.starts, -limits.more - coalesce(pg_catalog.sum(start.starts) OVER before, 0)) AS taken
    FROM limits JOIN {conduit_key_usage} AS start
      ON start.type = limits.type AND start.key = limits.key AND start.until > limits.locked_at
    WHERE limits.more < 0
    WINDOW before AS (ORDER BY start.until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ) AS its
  WHERE start.type = its.type AND start.key = its.key AND start.until = its.until AND its.taken > 0
)
SELECT held.queue, held.type, held.key, held.more, CASE WHEN {wakes} AND EXISTS (
  SELECT FROM rate
  WHERE rate.more < 0 AND rate.starts <= (
    SELECT pg_catalog.sum(start.starts) FROM {conduit_rate_usage} AS start
    WHERE start.type = rate.type
      AND start.until > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => {rate_window})
  )
) THEN pg_catalog.pg_notify({queue_channel}, 'room') END
FROM held
