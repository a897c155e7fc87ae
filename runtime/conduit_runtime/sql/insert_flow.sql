-- Those that wait for nobody are jobs at once.
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(
    %(id)s::uuid[], %(queue)s::text[], %(type)s::text[], %(fingerprint)s::text[],
    %(payload)s::text[], %(priority)s::int[], %(max_attempts)s::int[], %(timeout)s::float8[],
    %(run_at)s::timestamptz[], %(delay)s::float8[], %(waits_for)s::int[], %(on_failure)s::text[]{traces}
  ) WITH ORDINALITY AS new
    (id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, delay,
     waits_for, on_failure{trace}, position)
), waiting AS (
  INSERT INTO {conduit_waiting}
    (id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, delay,
     waits_for, on_failure{trace})
  SELECT
    id, %(flow)s::uuid, queue, type, fingerprint, payload::jsonb, priority, max_attempts, timeout,
    run_at, delay, waits_for, on_failure{trace_json}
  FROM asked
  WHERE waits_for > 0
), linked AS (
  INSERT INTO {conduit_links} (job, next)
  SELECT * FROM unnest(%(before)s::uuid[], %(after)s::uuid[])
)
INSERT INTO {jobs}
  (id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at{trace})
SELECT
  id, %(flow)s::uuid, queue, type, fingerprint, payload::jsonb, priority, max_attempts, timeout,
  coalesce(run_at, now()) + make_interval(secs => delay){trace_json}
FROM asked
WHERE waits_for = 0
ORDER BY position
