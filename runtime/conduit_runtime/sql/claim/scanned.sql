lanes AS MATERIALIZED (
  SELECT * FROM unnest(%(types)s::text[], %(fingerprints)s::text[]) AS lane (type, fingerprint)
  WHERE type <> ALL (ARRAY(
    SELECT limits.type FROM {conduit_type_limits} AS limits
    WHERE limits.type <> ALL (%(counted)s::text[])
      AND {has_type_limit}
  ))
), bounds AS MATERIALIZED (
  SELECT queue, priority, '2000-01-01 00:00Z'::timestamptz + micros::float8 * interval '1 us' AS run_at, seq
  FROM unnest(
    %(bound_queues)s::text[], %(bound_priorities)s::int[],
    %(bound_run_ats)s::bigint[], %(bound_seqs)s::bigint[]
  ) AS bound (queue, priority, micros, seq)
  {recent_scan}
)
