-- The jobs of flows, and what waits for what: those that wait for nobody are jobs at once.
flow_asked AS MATERIALIZED (
  SELECT new.*
  FROM unnest(
    %(flow_parent)s::uuid[], %(flow_id)s::uuid[], %(flow_queue)s::text[], %(flow_type)s::text[],
    %(flow_fingerprint)s::text[], %(flow_payload)s::text[], %(flow_priority)s::int[],
    %(flow_max_attempts)s::int[], %(flow_timeout)s::float8[], %(flow_run_at)s::timestamptz[],
    %(flow_delay)s::float8[], %(flow_of)s::uuid[], %(flow_waits_for)s::int[],
    %(flow_on_failure)s::text[]{keys}{traces}
  ) WITH ORDINALITY AS new
    (parent, id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, delay,
     flow, waits_for, on_failure{key}{trace}, position){born}
), {settled}, flow_waiting AS (
  INSERT INTO {conduit_blocked_jobs}
    (id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, delay,
     waits_for, on_failure{trace})
  SELECT
    id, flow, queue, type, fingerprint, payload::jsonb, priority, max_attempts, timeout, run_at,
    delay, waits_for, on_failure{trace_json}
  FROM flow_kept
  WHERE waits_for > 0
), flow_linked AS (
  INSERT INTO {conduit_dependencies} (job, next, watched)
  SELECT job, next, watched FROM flow_link
), flow_born AS (
  INSERT INTO {jobs}
    (id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at{trace})
  SELECT
    id, flow, queue, type, fingerprint, payload::jsonb, priority, max_attempts, timeout,
    coalesce(run_at, pg_catalog.now()) + pg_catalog.make_interval(secs => delay){trace_json}
  FROM flow_kept
  WHERE waits_for = 0
  ORDER BY position
)
